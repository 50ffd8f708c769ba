# The CUDA toolkit, for WITH_GPU. CUDA_DIRECTORY (as in the guides; also an environment variable) names
# it; else CMake finds nvcc on the path or in /usr/local/cuda.
if(NOT DEFINED CUDA_DIRECTORY AND DEFINED ENV{CUDA_DIRECTORY})
  set(CUDA_DIRECTORY "$ENV{CUDA_DIRECTORY}")
endif()
set(CUDA_DIRECTORY "${CUDA_DIRECTORY}" CACHE PATH "Where the CUDA toolkit is")

if(CUDA_DIRECTORY)
  if(NOT EXISTS "${CUDA_DIRECTORY}/bin/nvcc")
    message(FATAL_ERROR "CUDA_DIRECTORY=${CUDA_DIRECTORY} has no bin/nvcc. Name the folder of a CUDA "
                        "toolkit (12.4 or newer), or set WITH_GPU=OFF.")
  endif()
  set(CMAKE_CUDA_COMPILER "${CUDA_DIRECTORY}/bin/nvcc" CACHE FILEPATH "nvcc" FORCE)
elseif(NOT CMAKE_CUDA_COMPILER)
  find_program(CMAKE_CUDA_COMPILER nvcc HINTS /usr/local/cuda/bin)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "WITH_GPU=ON needs the CUDA toolkit (12.4 or newer), and nvcc was not found. "
                      "Set CUDA_DIRECTORY to the toolkit's folder, or WITH_GPU=OFF: ONNX Runtime's "
                      "CUDA provider needs no toolkit.")
endif()

# Turing to Hopper as machine code; later ones compile the PTX when they first load it.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real 90-virtual)
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)  # the wheel links no library of CUDA
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
