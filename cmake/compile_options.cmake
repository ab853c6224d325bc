# Compiler and linker options of everything that is built: code size, hardening, sanitizers.
include(CheckCCompilerFlag)

# Our own code's warnings; third-party code is compiled as it comes.
add_library(own_warnings INTERFACE)
target_compile_options(own_warnings INTERFACE
    "$<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wconversion;-Wshadow;-Wvla;-Werror>")

# CPU flags of the board; functions and data in sections of their own, so that unused ones are left
# out; no path of this machine in the files, so that two builds are the same, unless counters of lines
# have to find our files.
separate_arguments(cpu_flags UNIX_COMMAND "${BOARD_C_FLAGS}")
add_compile_options(${cpu_flags} -ffunction-sections -fdata-sections)
if(NOT COVERAGE)
    add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." "-ffile-prefix-map=${CMAKE_BINARY_DIR}=build")
endif()
add_link_options(${cpu_flags} -Wl,--gc-sections)
# Besides its machine code each object file then has what add_firmware_program needs to optimise the
# program as a whole; tests are linked from the machine code, which takes no time.
if(NOT FIRMWARE_LTO STREQUAL "off")
    set(lto_options -flto -ffat-lto-objects)
    add_link_options("$<$<NOT:$<BOOL:$<TARGET_PROPERTY:OPTIMISED_AS_A_WHOLE>>>:-fno-lto>")
endif()
if(FIRMWARE_LTO STREQUAL "all")
    add_compile_options(${lto_options})
endif()

# Only our own code is counted: how much of a third-party library we use says nothing about tests.
if(COVERAGE)
    target_compile_options(own_warnings INTERFACE --coverage)
    add_link_options(--coverage)
endif()

if(SANITIZE)
    set(FIRMWARE_STATIC OFF) # their run-time libraries intercept the shared C library
    add_compile_options(-fsanitize=${SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${SANITIZE})
    return()
endif()

# The compiler's own defences. Fortify wants optimisation, which every build type here has. Signed
# return addresses (-mbranch-protection) are left out: no supported board's CPU has them, and
# QEMU emulates their cipher in software, which makes each emulated handshake several times slower.
add_compile_options(-fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
foreach(flag stack-clash-protection cf-protection)
    check_c_compiler_flag(-f${flag} HAVE_F_${flag})
    if(HAVE_F_${flag})
        add_compile_options(-f${flag})
    endif()
endforeach()

# A fully static program runs on any kernel of its CPU, whatever lies beside it. The reference
# backends are for this machine only and use what the system shares: OpenSSL, the resolver.
if(TLS_BACKEND STREQUAL "openssl" OR NET_BACKEND STREQUAL "posix")
    set(FIRMWARE_STATIC OFF)
endif()
