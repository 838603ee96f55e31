import sys

import pytest

from napari_tbcad.networks import no_triton


@pytest.mark.parametrize("llvm", [True, False])
def test_triton_is_kept_out_only_beside_another_llvm(monkeypatch, tmp_path, llvm):
    maps = tmp_path / "maps"
    maps.write_text("7f00-7f01 r-xp 0 08:01 1 /usr/lib/libLLVM-15.so.1\n" if llvm else "7f00-7f01 [heap]\n")
    monkeypatch.setattr(no_triton, "_MAPS", maps)
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    with no_triton.without_triton():
        assert ("triton" in sys.modules) is llvm
        if llvm:
            with pytest.raises(ImportError):
                import triton  # noqa: F401
    assert "triton" not in sys.modules


def test_no_list_of_libraries_is_no_reason_to_keep_it_out(monkeypatch, tmp_path):
    monkeypatch.setattr(no_triton, "_MAPS", tmp_path / "none")
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    with no_triton.without_triton():
        assert "triton" not in sys.modules
