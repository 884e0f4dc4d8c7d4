"""Settings: safe defaults, every fault named at once, the data folder remembers its brand."""

from pathlib import Path

import pytest

from regulars.kit.errors import SettingRefused
from regulars.kit.settings import Settings, keep, load, variables


def test_without_any_variable_everything_has_a_safe_default() -> None:
    assert load({}) == Settings()


def test_a_variable_is_taken_and_the_command_line_beats_it() -> None:
    environ = {"REGULARS_SMTP_PORT": "2525", "REGULARS_BRAND_NAME": "Corner Market", "REGULARS_SMTP_STARTTLS": "true"}

    settings = load(environ, smtp_port=26)

    assert (settings.smtp_port, settings.brand_name, settings.smtp_starttls) == (26, "Corner Market", True)


def test_an_empty_variable_counts_as_not_given() -> None:
    assert load({"REGULARS_SMTP_PORT": ""}).smtp_port == Settings().smtp_port


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_PORT", "mail"),
        ("SMTP_PORT", "70000"),
        ("SMTP_STARTTLS", "perhaps"),
        ("BRAND_ZONE", "Mars/Olympus"),
        ("BRAND_ZONE", "../etc/passwd"),
        ("BRAND_COUNTRY", "Germany"),
        ("BRAND_CURRENCY", "dollars"),
        ("BASE_URL", "corner-market"),
        ("BASE_URL", "http://[::1"),
        ("MAIL_FROM", "hello"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingRefused) as caught:
        load({f"REGULARS_{name}": value})

    assert f"REGULARS_{name} is " in caught.value.what
    assert "\n" not in str(caught.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(SettingRefused, match=r"SMTP_PORT.*BRAND_ZONE|BRAND_ZONE.*SMTP_PORT"):
        load({"REGULARS_SMTP_PORT": "x", "REGULARS_BRAND_ZONE": "nowhere"})


def test_the_data_folder_remembers_its_brand_but_never_a_password(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    keep(Settings(home=home, brand_name="Corner Market", smtp_password="secret"))

    again = load({"REGULARS_HOME": home})

    assert again.brand_name == "Corner Market"
    assert again.smtp_password == ""
    assert "secret" not in (tmp_path / "home" / "settings.json").read_text()


def test_a_variable_beats_what_the_data_folder_remembers(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    keep(Settings(home=home, brand_name="Corner Market"))

    assert load({"REGULARS_HOME": home, "REGULARS_BRAND_NAME": "Other"}).brand_name == "Other"


@pytest.mark.parametrize("text", ["{", "[]", '{"brand_nam": "typo"}'])
def test_a_broken_memory_of_the_data_folder_is_one_clear_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.json").write_text(text)

    with pytest.raises(SettingRefused):
        load({"REGULARS_HOME": str(tmp_path)})


def test_a_file_where_the_data_folder_should_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "home"
    file.write_text("")

    with pytest.raises(SettingRefused, match="data folder"):
        load({"REGULARS_HOME": str(file)})
    with pytest.raises(SettingRefused, match="data folder"):
        keep(Settings(home=str(file)))


def test_the_home_of_a_user_who_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingRefused, match="REGULARS_HOME"):
        load({"REGULARS_HOME": "~nobody-of-this-name/regulars"})


def test_another_process_reads_the_same_settings_from_its_variables(tmp_path: Path) -> None:
    settings = Settings(
        home=str(tmp_path), brand_name="Corner Market", smtp_starttls=True, shop_url="https://corner.example"
    )

    assert load(variables(settings)) == settings
