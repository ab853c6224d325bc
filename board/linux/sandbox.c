/* Gives up what the program needs no more: user, capabilities, core dumps, system calls. */
#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log_port.h"
#include "sandbox_calls.h"

#define NOBODY 65534 /* the user and group that own nothing */

/* What was refused, in words: "user: Operation not permitted, ...". */
struct refusals {
    char text[160];
    size_t len;
};

static void refuse(struct refusals *refusals, const char *what, int error)
{
    size_t room = sizeof(refusals->text) - refusals->len;
    int len = snprintf(refusals->text + refusals->len, room, "%s%s: %s",
                       refusals->len > 0 ? ", " : "", what, strerror(error));
    refusals->len += len > 0 && (size_t)len < room ? (size_t)len : 0;
}

/* ---- Core dumps and ptrace ------------------------------------------------------------------- */

/* Memory with keys in it goes to no file and to no other process of the same user. */
static void hide_memory(struct refusals *refusals)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        refuse(refusals, "dumpable", errno);
    }
}

/* ---- User and capabilities ------------------------------------------------------------------- */

static uint64_t capability(unsigned number)
{
    return UINT64_C(1) << number;
}

static uint64_t kept_capabilities(const struct sandbox_plan *plan)
{
    return plan->keep_clock ? capability(CAP_SYS_TIME) : 0;
}

/* What is in no set can never come back. Only root may do this; without it capset counts. */
static void bound_capabilities(const struct sandbox_plan *plan)
{
    for (unsigned i = 0; i <= CAP_LAST_CAP; i++) {
        if ((kept_capabilities(plan) & capability(i)) == 0) {
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
        }
    }
}

static void leave_root(const struct sandbox_plan *plan, struct refusals *refusals)
{
    if (geteuid() != 0 || plan->keep_user) {
        return;
    }
    /* One that is kept must outlive the change of user. */
    (void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) != 0) {
        refuse(refusals, "user", errno);
    }
}

static void drop_capabilities(const struct sandbox_plan *plan, struct refusals *refusals)
{
    uint64_t kept = kept_capabilities(plan);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)kept, .permitted = (uint32_t)kept},
        {.effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32)},
    };
    if (syscall(SYS_capset, &header, data) != 0) {
        refuse(refusals, "capabilities", errno);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        refuse(refusals, "no_new_privs", errno);
    }
}

/* ---- System calls ---------------------------------------------------------------------------- */

#define FILTER_MAX 256

struct filter {
    struct sock_filter code[FILTER_MAX];
    unsigned short len;
};

static void add(struct filter *filter, struct sock_filter instruction)
{
    if (filter->len < FILTER_MAX) {
        filter->code[filter->len++] = instruction;
    }
}

static void load(struct filter *filter, size_t offset)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct filter *filter, uint32_t action)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* The low half of a little-endian machine's 64-bit argument: what is tested there fits in it. */
#define FIRST_ARGUMENT offsetof(struct seccomp_data, args[0])

/* Allows the call; the number is in the accumulator before and after. */
static void allow(struct filter *filter, const struct sandbox_call *call)
{
    if (call->rule == CALL_ANY) {
        add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 1));
        answer(filter, SECCOMP_RET_ALLOW);
        return;
    }
    bool has = call->rule == CALL_FIRST_HAS;
    add(filter,
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, has ? 5 : 4));
    load(filter, FIRST_ARGUMENT);
    if (has) {
        add(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, call->value));
    }
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->value, 0, 1));
    answer(filter, SECCOMP_RET_ALLOW);
    answer(filter, SECCOMP_RET_KILL_PROCESS);
}

static void allow_all(struct filter *filter, const struct sandbox_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        allow(filter, &calls[i]);
    }
}

static void make_filter(struct filter *filter, const struct sandbox_plan *plan)
{
    load(filter, offsetof(struct seccomp_data, arch));
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sandbox_arch, 1, 0));
    answer(filter, SECCOMP_RET_KILL_PROCESS);
    load(filter, offsetof(struct seccomp_data, nr));
    allow_all(filter, sandbox_calls, sandbox_call_count);
    allow_all(filter, sandbox_arch_calls, sandbox_arch_call_count);
    if (plan->keep_clock) {
        allow_all(filter, sandbox_clock_calls, sandbox_clock_call_count);
    }
    /* Its flags lie in memory, where a filter cannot look: the C library then takes clone. */
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1));
    answer(filter, SECCOMP_RET_ERRNO | ENOSYS);
    answer(filter, SECCOMP_RET_KILL_PROCESS);
}

static void filter_calls(const struct sandbox_plan *plan, struct refusals *refusals)
{
    struct filter filter = {.len = 0};
    make_filter(&filter, plan);
    struct sock_fprog program = {.len = filter.len, .filter = filter.code};
    if (sandbox_arch == 0 || filter.len == FILTER_MAX) {
        refuse(refusals, "seccomp", ENOSYS);
    } else if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        refuse(refusals, "seccomp", errno);
    }
}

/* ---- All of it ------------------------------------------------------------------------------- */

static bool report(const struct sandbox_plan *plan, unsigned uid, const struct refusals *refusals)
{
    char quoted[sizeof(refusals->text) + 8];
    bool fails = plan->mode == SANDBOX_ON && refusals->len > 0;
    if (refusals->len == 0) {
        log_event(LOG_LEVEL_INFO, "app", "sandbox", "result=on uid=%u", uid);
        return true;
    }
    log_event(fails ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "app", "sandbox",
              "result=%s uid=%u refused=%s%s", fails ? "failed" : "partly", uid,
              log_quote(quoted, sizeof(quoted), refusals->text),
              fails ? " hint=\"--sandbox auto goes on without what the system refuses\"" : "");
    return !fails;
}

bool sandbox_enter(const struct sandbox_plan *plan)
{
    struct refusals refusals = {.len = 0};
    if (plan->mode == SANDBOX_OFF) {
        log_event(LOG_LEVEL_WARN, "app", "sandbox", "result=off uid=%u", (unsigned)getuid());
        return true;
    }
    /* Whoever wants us to end with our parent still does; a change of user forgets it. */
    int end_signal = 0;
    bool ends_with_parent = prctl(PR_GET_PDEATHSIG, &end_signal, 0, 0, 0) == 0 && end_signal != 0;
    bound_capabilities(plan);
    leave_root(plan, &refusals);
    drop_capabilities(plan, &refusals);
    if (ends_with_parent) {
        (void)prctl(PR_SET_PDEATHSIG, end_signal, 0, 0, 0);
    }
    hide_memory(&refusals);            /* a change of user makes memory dumpable again: after it */
    unsigned uid = (unsigned)getuid(); /* the filter does not allow to ask */
    filter_calls(plan, &refusals);
    return report(plan, uid, &refusals);
}
