# How the firmware's program is linked and laid out in bin/.

# For the target of the firmware's program: bin/NAME is the stripped file that is shipped,
# bin/NAME.debug the same with symbols, NAME-server and NAME-client are its two roles.
function(add_firmware_program TARGET)
    set(dir "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    set_target_properties(${TARGET} PROPERTIES OUTPUT_NAME "${TARGET}.debug")
    target_link_options(${TARGET} PRIVATE "-Wl,-Map=${CMAKE_BINARY_DIR}/${TARGET}.map") # for ./run sizes
    # The linker compiles then, and must do so with the same options as the compiler. One part, so that
    # the result does not depend on how many cores there are.
    if(NOT FIRMWARE_LTO STREQUAL "off")
        set_target_properties(${TARGET} PROPERTIES OPTIMISED_AS_A_WHOLE ON)
        get_property(options DIRECTORY "${CMAKE_SOURCE_DIR}" PROPERTY COMPILE_OPTIONS)
        target_link_options(${TARGET} PRIVATE ${options} -flto=1 -flto-partition=one -frandom-seed=${TARGET})
    endif()
    if(FIRMWARE_STATIC)
        target_link_options(${TARGET} PRIVATE -static-pie)
    else()
        target_link_options(${TARGET} PRIVATE -pie)
    endif()
    add_custom_command(TARGET ${TARGET} POST_BUILD
        COMMAND "${CMAKE_STRIP}" -o "${dir}/${TARGET}" "$<TARGET_FILE:${TARGET}>"
        COMMAND "${CMAKE_COMMAND}" -E create_symlink ${TARGET} "${dir}/${TARGET}-server"
        COMMAND "${CMAKE_COMMAND}" -E create_symlink ${TARGET} "${dir}/${TARGET}-client"
        BYPRODUCTS "${dir}/${TARGET}" "${dir}/${TARGET}-server" "${dir}/${TARGET}-client"
        VERBATIM)
endfunction()
