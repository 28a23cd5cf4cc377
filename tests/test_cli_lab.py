"""`convkit lab`: what it copies, what it says, what it starts."""

from __future__ import annotations

import pytest

from convkit.cli import main
from convkit.commands import lab
from convkit.course import contents


def test_it_copies_the_course_and_says_what_to_do_first(tmp_path, capsys):
    where = tmp_path / "course"
    assert main(["lab", str(where), "--no-start"]) == 0
    said = capsys.readouterr().out
    assert {path.name for path in where.glob("*.ipynb")} == {f"{name}.ipynb" for name in contents.names()}
    assert (where / "my_layers.py").is_file()
    assert "Open 00_first_steps.ipynb first" in said
    assert "my_layers.py" in said


def test_without_a_folder_it_takes_one_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["lab", "--no-start"]) == 0
    assert (tmp_path / "convkit-course" / "00_first_steps.ipynb").is_file()


def test_what_was_changed_stays_and_is_named(tmp_path, capsys):
    main(["lab", str(tmp_path), "--no-start"])
    changed = tmp_path / "03_convolution.ipynb"
    changed.write_text("mine")
    capsys.readouterr()
    assert main(["lab", str(tmp_path), "--no-start"]) == 0
    assert changed.read_text() == "mine"
    assert "yours, left as it is: 03_convolution.ipynb" in capsys.readouterr().out


def test_a_file_in_its_place_is_an_error(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["lab", str(tmp_path / "taken"), "--no-start"]) == 1
    assert "taken is there, and is no folder" in capsys.readouterr().err


def test_without_jupyterlab_it_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    assert main(["lab", str(tmp_path / "course")]) == 1
    said = capsys.readouterr().err
    assert "jupyterlab is not installed" in said
    assert "convkit[notebooks]" in said
    assert not (tmp_path / "course").exists()


def test_jupyterlab_starts_on_loopback_in_the_folder_with_the_first_notebook(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(lab, "find_spec", lambda name: True)
    monkeypatch.setattr(lab.os, "execv", lambda program, command: started.append(command))
    monkeypatch.setattr(lab.os, "name", "posix")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "elsewhere")
    main(["lab", str(tmp_path / "course"), "--no-browser", "--port", "9999"])
    (command,) = started
    assert f"--ServerApp.root_dir={(tmp_path / 'course').resolve()}" in command
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--LabApp.default_url=/lab/tree/00_first_steps.ipynb" in command
    assert "--no-browser" in command
    assert "--ServerApp.port=9999" in command
    first = lab.os.environ["JUPYTER_CONFIG_PATH"].split(lab.os.pathsep)
    assert first == [str((tmp_path / "course" / ".jupyter").resolve()), "elsewhere"]
    assert (tmp_path / "course" / ".jupyter" / "labconfig" / "page_config.json").is_file()


@pytest.mark.parametrize("port", ["0", "65536", "eighty"])
def test_a_port_that_is_none_is_refused(port, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["lab", "--port", port])
    assert stopped.value.code == 2
    assert "--port" in capsys.readouterr().err
