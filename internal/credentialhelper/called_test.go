package credentialhelper

import "testing"

func TestCalled(t *testing.T) {
	for _, test := range []struct {
		goos, argv0 string
		want        bool
	}{
		{"linux", "docker-credential-ngc", true},
		{"linux", "/usr/local/bin/docker-credential-ngc", true},
		{"linux", "ragenv", false},
		{"linux", "docker-credential-ngc-2", false},
		{"linux", "/opt/docker-credential-ngc/ragenv", false},
		{"linux", "Docker-Credential-NGC", false},
		{"linux", `C:\docker-credential-ngc.exe`, false},
		{"windows", "docker-credential-ngc", true},
		{"windows", "docker-credential-ngc.exe", true},
		{"windows", `C:\Program Files\ragenv\docker-credential-ngc.exe`, true},
		{"windows", `C:/tools/Docker-Credential-NGC.EXE`, true},
		{"windows", `C:docker-credential-ngc.exe`, true},
		{"windows", `C:\docker-credential-ngc\ragenv.exe`, false},
		{"windows", "docker-credential-ngc.exe.exe", false},
		{"windows", "docker-credential-ngc.com", false},
		{"windows", "", false},
	} {
		if got := calledOn(test.goos, test.argv0); got != test.want {
			t.Errorf("%s, %q: %t", test.goos, test.argv0, got)
		}
	}
}
