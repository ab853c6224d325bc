# Any 64-bit Arm core: the AES instructions are used where the emulated one has them.
set(BOARD_CROSS yes)
set(BOARD_C_FLAGS "-march=armv8-a")
set(BOARD_SESSIONS_MAX 64)
set(BOARD_BUSY_MAX 16)
