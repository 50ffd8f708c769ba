if(HPINFER_SANITIZE)
  add_compile_options(-fsanitize=${HPINFER_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${HPINFER_SANITIZE})
endif()
