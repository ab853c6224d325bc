# Debian's archive, verified by apt, and a cache for what came from it: for the scripts that fetch.
# To be sourced. The caller defines archive_user, the word that begins its messages, and a function
# offline_hint, which says what to do without the archive and is given what was asked for.
# shellcheck shell=sh disable=SC2154 # variables of the caller's
export LC_ALL=C

# Debian's release that everything comes from, whatever release this machine has.
suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() {
    echo "$archive_user: $*" >&2
}

die() {
    say "$*"
    exit 1
}

# need_commands PACKAGES COMMAND...: dies if one of the commands is missing.
need_commands() {
    owners=$1
    shift
    for command in "$@"; do
        command -v "$command" >/dev/null ||
            die "'$command' is missing: install it (packages $owners). $(offline_hint "$package")"
    done
}

# ---- The cache -----------------------------------------------------------------------------------

# Sets cache to the folder for downloads.
find_cache() {
    [ -n "${TLS_ECHO_CACHE:-${XDG_CACHE_HOME:-${HOME:-}}}" ] ||
        die "there is no home folder to keep downloads in: name a folder in TLS_ECHO_CACHE."
    cache=${TLS_ECHO_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/tls-echo}
}

# Two builds at once: the second one waits, and finds the work done.
lock_cache() {
    mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] ||
        die "cannot write to the cache $cache: name another folder in TLS_ECHO_CACHE."
    exec 9>"$cache/lock"
    flock 9
}

# ---- The archive ---------------------------------------------------------------------------------

# The Debian mirror that this machine itself is set up with.
find_mirror() {
    [ -z "${DEBIAN_MIRROR:-}" ] || {
        echo "$DEBIAN_MIRROR"
        return
    }
    # Origin and label are known after the machine's first "apt-get update" only.
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }
             NF == 1 && $1 !~ /security/ && !other { other = $1 }
             END { if (other) print other }' | head -n 1
}

# prepare_apt FOLDER KIND COMPONENTS [SETTING...]: sets apt up in a folder of its own and reads the
# archive's index. Nothing of the machine's configuration changes, no root needed. KIND is deb or
# deb-src; the settings are lines of apt.conf.
prepare_apt() {
    apt=$1
    kind=$2
    components=$3
    shift 3
    mirror=$(find_mirror)
    [ -n "$mirror" ] ||
        die "this machine has no Debian mirror in its apt sources; name one in DEBIAN_MIRROR." \
            "$(offline_hint "$package")"
    [ -r "$keyring" ] || die "$keyring is missing: install the package debian-archive-keyring."
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "$kind [signed-by=$keyring] $mirror $suite $components" >"$apt/sources.list"
    cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$apt/apt.conf"
    say "asking $mirror what Debian $suite has"
    run_apt apt-get update --error-on=any ||
        die "cannot read the archive's index (see above): is there a network?" \
            "$(offline_hint "$package")"
}

# Runs apt quietly: what it has to say comes on failure only.
run_apt() {
    command=$1
    shift
    "$command" -c "$apt/apt.conf" "$@" >"$apt/log" 2>&1 || {
        cat "$apt/log" >&2
        return 1
    }
}

# report_newest PART LOCKED NEWEST: one line of a comparison. False if the lock is behind.
report_newest() {
    if [ "$2" = "$3" ]; then
        echo "$1 $2 is the newest"
    elif [ -z "$3" ]; then
        echo "$1 $2: the archive has none any more"
        return 1
    else
        echo "$1 $2: the archive has $3"
        return 1
    fi
}

# Prints the newest of the Debian versions on standard input.
newest_of_versions() {
    newest=
    while read -r version; do
        if [ -z "$newest" ] || dpkg --compare-versions "$version" gt "$newest"; then
            newest=$version
        fi
    done
    echo "$newest"
}
