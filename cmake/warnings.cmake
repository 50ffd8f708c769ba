# Adds our warning set to a target. Errors only in our own presets, so that a packager's newer
# compiler never breaks the build.
function(hpinfer_enable_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(HPINFER_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
