/* The first process's console: the UART that the kernel's command line names.
 *
 * Its speed is the kernel's affair. Everything by which a byte that comes in could stop the output
 * or end the input is off: a cable that hangs in the air must not stop a server. Nothing is echoed:
 * the log is read by programs, and noise or a half-typed command would stand in the middle of its
 * lines. Bytes come as they are, the console's commands edit lines themselves. */
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"
#include "parts.h"

#define CONSOLE_PATH "/dev/console"

static void set_line(int fd)
{
    struct termios line;
    if (tcgetattr(fd, &line) != 0) {
        return;
    }
    line.c_iflag = ICRNL | IGNBRK | IGNPAR;
    line.c_oflag = OPOST | ONLCR;
    line.c_lflag = 0; /* no byte means anything by itself */
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    line.c_cflag |= CREAD | CLOCAL;
    line.c_cflag &= ~(tcflag_t)(CRTSCTS | HUPCL);
    (void)tcsetattr(fd, TCSANOW, &line);
}

void system_open_console(void)
{
    int fd = open(CONSOLE_PATH, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    set_line(fd);
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++) {
        (void)dup2(fd, standard);
    }
    if (fd > STDERR_FILENO) {
        (void)close(fd);
    }
    /* What the boot code and the kernel said may have ended in the middle of a line. */
    console_write("\n", 1);
}

void system_drain_console(void)
{
    (void)tcdrain(STDERR_FILENO);
}
