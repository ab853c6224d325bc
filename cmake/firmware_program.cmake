# How the firmware's program is linked and laid out in bin/.

# For the target of the firmware's program: bin/NAME is the stripped file that is shipped,
# bin/NAME.debug the same with symbols, NAME-server and NAME-client are its two roles.
function(add_firmware_program TARGET)
    set(dir "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    set_target_properties(${TARGET} PROPERTIES OUTPUT_NAME "${TARGET}.debug")
    target_link_options(${TARGET} PRIVATE "-Wl,-Map=${CMAKE_BINARY_DIR}/${TARGET}.map") # for ./run sizes
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
