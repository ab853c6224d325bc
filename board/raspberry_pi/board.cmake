# The Cortex-A53 of the Pi 3 is the common base of 3 and 4; both lack AES instructions. The two
# -mfix flags work around errata of early A53 cores.
set(BOARD_CROSS yes)
set(BOARD_C_FLAGS "-mcpu=cortex-a53 -mfix-cortex-a53-835769 -mfix-cortex-a53-843419")
set(BOARD_SESSIONS_MAX 64)
set(BOARD_BUSY_MAX 16)
