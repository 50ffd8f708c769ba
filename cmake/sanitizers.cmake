if(HPINFER_SANITIZE)
  add_compile_options(-fsanitize=${HPINFER_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HPINFER_SANITIZE})
endif()
# Conversions that do not fit are undefined too, but not part of "undefined". The first finding ends
# the run: libFuzzer keeps its input.
if(HPINFER_FUZZERS)
  set(fuzz_flags -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all
                 -fno-omit-frame-pointer)
  add_compile_options(-fsanitize=fuzzer-no-link ${fuzz_flags})
  add_link_options(${fuzz_flags})
endif()
