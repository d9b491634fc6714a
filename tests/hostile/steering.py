"""Files that steer whatever is started next: at the top of where people work, or where shells look by themselves."""

from __future__ import annotations

from hostile.attack import DATA, INFO, Offer, offer_files, stopped_by

_ROUTES = '[[index]]\nname = "evil"\nurl = "https://evil.example/simple/"\ndefault = true\n'
_SCRIPT = "echo safepip-payload-marker\n"


def _at_the_top(path: str, text: str) -> Offer:
    """By `--target .`, which is the folder in which the user works."""
    return offer_files({path: text})._replace(options=("--target", "."))


@stopped_by("outside-target")
def configuration_of_safepip() -> Offer:
    """An environment is a project's folder, and the wheel puts a configuration there that says who owns which name."""
    return offer_files({f"{DATA}/data/safepip.toml": _ROUTES})


@stopped_by("outside-target")
def configuration_of_safepip_for_a_target() -> Offer:
    """With `--target .` what lies at the top of a wheel lies at the top of the folder in which people work."""
    return _at_the_top("safepip.toml", _ROUTES)


@stopped_by("outside-target")
def project_file() -> Offer:
    """`pyproject.toml` is read by every tool of a Python project, safepip and pip among them."""
    return offer_files({f"{DATA}/data/pyproject.toml": "[tool.safepip]\n"})


@stopped_by("outside-target")
def lock_of_the_wheels_choice() -> Offer:
    """The next installation from the lock installs what the wheel says."""
    return offer_files({f"{DATA}/data/pylock.toml": 'lock-version = "1.0"\n'})


@stopped_by("outside-target")
def requirements_of_the_wheels_choice() -> Offer:
    """`requirements.txt` of the project is replaced."""
    return offer_files({f"{DATA}/data/requirements.txt": "evil\n"})


@stopped_by("outside-target")
def settings_of_a_shell() -> Offer:
    """The folder is a home, and the file is run by each bash that starts."""
    return offer_files({f"{DATA}/data/.bashrc": _SCRIPT})


@stopped_by("outside-target")
def hook_of_git() -> Offer:
    """git runs it with every checkout."""
    return offer_files({f"{DATA}/data/.git/hooks/post-checkout": _SCRIPT})


@stopped_by("outside-target")
def head_of_a_bare_repository() -> Offer:
    """A folder with `HEAD` and its like is a repository to git, which runs what the settings beside it say."""
    files = {"HEAD": "ref: refs/heads/x\n", "config": "[core]\n\tfsmonitor = x\n", "objects/x": "", "refs/x": ""}
    return offer_files({f"{DATA}/data/{path}": text for path, text in files.items()})


@stopped_by("outside-target")
def start_of_fish() -> Offer:
    """Every fish that starts runs it, where the prefix is one of those in which it looks."""
    return offer_files({f"{DATA}/data/share/fish/vendor_conf.d/widget.fish": _SCRIPT})


@stopped_by("outside-target")
def function_of_fish() -> Offer:
    """fish loads a function by the name of what is typed; this one is `ls`."""
    return offer_files({f"{DATA}/data/share/fish/vendor_functions.d/ls.fish": f"function ls\n{_SCRIPT}end\n"})


@stopped_by("outside-target")
def start_of_bash() -> Offer:
    """The completion of bash runs every file of this folder when a shell starts."""
    return offer_files({f"{DATA}/data/etc/bash_completion.d/widget": _SCRIPT})


@stopped_by("outside-target")
def completion_of_another_command() -> Offer:
    """bash runs it as soon as somebody completes `git`."""
    return offer_files({f"{DATA}/data/share/bash-completion/completions/git": _SCRIPT})


@stopped_by("outside-target")
def completion_of_another_command_under_an_own_name() -> Offer:
    """For zsh the first line says what a completion is for; the name is that of the wheel's own command."""
    files = {
        f"{DATA}/data/share/zsh/site-functions/_widget": f"#compdef widget git\n{_SCRIPT}",
        f"{INFO}/entry_points.txt": "[console_scripts]\nwidget = widget:main\n",
    }
    return offer_files(files)


@stopped_by("outside-target")
def module_of_powershell() -> Offer:
    """PowerShell loads a module as soon as one of its commands is typed."""
    return offer_files({f"{DATA}/data/share/powershell/Modules/Widget/Widget.psm1": _SCRIPT})
