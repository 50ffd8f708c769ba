import pytest

from hpinfer.errors import ConfigError
from hpinfer.hpi.cuda_libraries import installed_libraries
from hpinfer.hpi.devices import single_devices


@pytest.mark.parametrize("name", ["cpu", "gpu", "gpu:3", "gpu:0,", "anything"])
def test_a_name_of_one_device_stays_as_it_is(name):
    assert single_devices(name) == (name,)


def test_several_devices():
    assert single_devices("gpu:2,0,11") == ("gpu:2", "gpu:0", "gpu:11")
    with pytest.raises(ConfigError, match="twice"):
        single_devices("gpu:1,01")


def test_cuda_libraries_of_pips_packages(tmp_path):
    """In the order in which they need each other, the newest release of each."""
    for name in (
        "cu13/lib/libcublas.so.13",
        "cu13/lib/libcublasLt.so.13",
        "cublas/lib/libcublas.so.12",
        "cu13/lib/libcudart.so.13",
        "cudnn/lib/libcudnn.so.9",
        "cudnn/lib/libcudnn_ops.so.9",
        "cu13/lib/libcufft.so",
        "cu13/include/libcurand.so.10",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [path.name for path in installed_libraries([tmp_path])] == [
        "libcudart.so.13",
        "libcublasLt.so.13",
        "libcublas.so.13",
        "libcudnn.so.9",
    ]
    assert installed_libraries([]) == []
