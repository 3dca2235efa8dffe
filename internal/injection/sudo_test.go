package injection

import (
	"strings"
	"testing"
)

func TestKeptBySudo(t *testing.T) {
	for line, want := range map[string]string{
		"docker compose up":                       "",
		"sudo docker compose up":                  "sudo --preserve-env=A,B docker compose up",
		"/usr/bin/sudo -n docker ps":              "/usr/bin/sudo --preserve-env=A,B -n docker ps",
		"sudo -u bob -g wheel env":                "sudo --preserve-env=A,B -u bob -g wheel env",
		"sudo -nubob env":                         "sudo --preserve-env=A,B -nubob env",
		"sudo -nu bob env":                        "sudo --preserve-env=A,B -nu bob env",
		"sudo -u E env":                           "sudo --preserve-env=A,B -u E env",
		"sudo -uE env":                            "sudo --preserve-env=A,B -uE env",
		"sudo --user bob --group=g env":           "sudo --preserve-env=A,B --user bob --group=g env",
		"sudo -E docker ps":                       "",
		"sudo -u bob -E docker ps":                "",
		"sudo -upug env":                          "sudo --preserve-env=A,B -upug env",
		"sudo -nE docker ps":                      "",
		"sudo --preserve-env docker ps":           "",
		"sudo --preserve-env=A,B docker ps":       "",
		"sudo --preserve-env=PATH,A -n docker ps": "sudo --preserve-env=PATH,A,B -n docker ps",
		"sudo -- docker -E":                       "sudo --preserve-env=A,B -- docker -E",
		"sudo -i":                                 "sudo --preserve-env=A,B -i",
		"sudo -l":                                 "",
		"sudo -u":                                 "",
		"sudo":                                    "",
	} {
		kept, removed := keptBySudo(strings.Fields(line), []string{"B", "A"})
		if got := strings.Join(kept, " "); got != want || (want == "") != (removed == nil) {
			t.Errorf("%s: %s (%q), want %s", line, got, removed, want)
		}
	}
	if kept, _ := keptBySudo([]string{"sudo", "id"}, nil); kept != nil {
		t.Errorf("no keys: %q", kept)
	}
}
