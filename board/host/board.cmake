# The machine that builds is the one that runs.
set(BOARD_CROSS no)
set(BOARD_C_FLAGS "")
set(BOARD_SESSIONS_MAX 1024)
set(BOARD_BUSY_MAX 64)
