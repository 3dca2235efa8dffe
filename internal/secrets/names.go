package secrets

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The errors of CheckName. Match them with errors.Is.
var (
	ErrInvalidName  = errors.New("not a name of an environment variable")
	ErrReservedName = errors.New("not a name for a secret")
)

// ValidName reports whether name matches [A-Za-z_][A-Za-z0-9_]*, which every shell, Compose and Kubernetes
// accept as a variable.
func ValidName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && !('a' <= c && c <= 'z') && !('A' <= c && c <= 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// CheckName returns nil if a secret may be stored and injected under this name. Otherwise the error says
// why and wraps ErrInvalidName or ErrReservedName.
func CheckName(name string) error {
	if !ValidName(name) {
		return fmt.Errorf("%w: %+.64q: letters, digits and underscores, not starting with a digit", ErrInvalidName, name)
	}
	if reason := Reserved(name); reason != "" {
		return fmt.Errorf("%w: %.64s %s", ErrReservedName, name, reason)
	}
	return nil
}

// Reserved returns the reason why a variable with this name is never stored or injected, "" if it may be.
//
// A stored value wins over the environment's. So one hostile line in an imported .env would have a lasting
// effect: it could make every command load a library, run a script first, or send the keys to another
// machine's Docker. None of these variables is a secret, and you can export one if you need it. Proxy
// settings are allowed, because they may contain a password. Case is ignored, as on Windows.
func Reserved(name string) string {
	name = strings.ToUpper(name)
	for _, r := range reserved {
		if slices.Contains(r.names, name) || slices.ContainsFunc(r.prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			return r.reason
		}
	}
	return ""
}

// LooksSecret reports whether a name is in the table or looks like a secret's: one of its words ends in
// KEY, TOKEN, SECRET, PASSWORD or similar. Any other name is more likely a setting. If you store many at
// once, you may not notice it, and from then on it wins over the shell's value.
func LooksSecret(name string) bool {
	if _, known := Lookup(name); known {
		return true
	}
	for word := range strings.SplitSeq(strings.ToUpper(name), "_") {
		if slices.ContainsFunc(secretWords, func(end string) bool { return strings.HasSuffix(word, end) }) { // APIKEY, ACCESSKEY
			return true
		}
	}
	return false
}

var secretWords = []string{
	"KEY", "KEYS", "TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "PAT", "CREDENTIAL", "CREDENTIALS", "AUTH", "DSN",
}

var reserved = []struct {
	reason   string
	prefixes []string
	names    []string
}{
	{
		reason:   "is a setting of ragenv itself, which no command receives",
		prefixes: []string{"RAGENV_"},
	},
	{
		reason: "decides which program or library the system loads",
		// The variables of ld.so(8), listed individually because a variable such as LD_SDK_KEY may be a
		// key.
		prefixes: []string{"LD_LIBRARY_", "LD_PRELOAD", "LD_AUDIT", "LD_DEBUG", "LD_PROFILE", "LD_BIND_", "LD_ORIGIN_", "LD_CONFIG", "LD_ELF_", "LDR_", "DYLD_"},
		names:    []string{"GLIBC_TUNABLES", "PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "WINDIR", "LIBPATH", "SHLIB_PATH", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS", "GODEBUG", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "GTK_MODULES", "QT_PLUGIN_PATH", "GIO_EXTRA_MODULES", "VK_LAYER_PATH", "VK_ICD_FILENAMES"},
	},
	{
		reason:   "makes a shell or an interpreter run code of its own",
		prefixes: []string{"BASH_FUNC_"},
		names: []string{
			"BASH_ENV", "ENV", "ZDOTDIR", "IFS", "SHELLOPTS", "BASHOPTS", "PS0", "PS1", "PS2", "PS4", "PROMPT_COMMAND", "BASH_XTRACEFD", "CDPATH", "FPATH",
			"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT", "PYTHONUSERBASE", "PYTHONWARNINGS",
			"PERL5LIB", "PERL5OPT", "PERL5DB", "PERLLIB", "RUBYLIB", "RUBYOPT", "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS",
			"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "LUA_PATH", "LUA_CPATH", "LUA_INIT", "PHPRC", "PHP_INI_SCAN_DIR",
			"PSMODULEPATH", "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "CORECLR_ENABLE_PROFILING", "CORECLR_PROFILER", "CORECLR_PROFILER_PATH", "COR_PROFILER", "COR_PROFILER_PATH",
			// Build tools: flags, and wrappers that are programs.
			"GOFLAGS", "GOENV", "GOROOT", "GOTOOLDIR", "GOTOOLCHAIN", "GOPROXY", "GONOSUMDB", "GOINSECURE", "GOAUTH", "CC", "CXX", "LD", "AR", "CGO_CFLAGS", "CGO_LDFLAGS", "CFLAGS", "LDFLAGS",
			"RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTDOC", "RUSTFLAGS", "CARGO_HOME", "CARGO_BUILD_RUSTC_WRAPPER", "RUSTUP_HOME",
			"MAKEFLAGS", "MAKEFILES", "GNUMAKEFLAGS", "MFLAGS", "CMAKE_TOOLCHAIN_FILE", "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS", "GRADLE_USER_HOME", "SBT_OPTS", "ANT_OPTS", "JAVA_OPTS",
			"NPM_CONFIG_USERCONFIG", "NPM_CONFIG_GLOBALCONFIG", "NPM_CONFIG_SCRIPT_SHELL", "NPM_CONFIG_NODE_OPTIONS", "NPM_CONFIG_REGISTRY", "YARN_RC_FILENAME", "YARN_PLUGINS",
			"PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_CONFIG_FILE", "BUNDLE_GEMFILE", "GEM_HOME", "GEM_PATH", "COMPOSER_HOME",
			"ANSIBLE_CONFIG", "ANSIBLE_LIBRARY", "TF_CLI_CONFIG_FILE", "TF_CLI_ARGS", "HELM_PLUGINS", "R_PROFILE", "R_PROFILE_USER", "R_ENVIRON_USER", "JULIA_LOAD_PATH", "ERL_AFLAGS", "ERL_FLAGS",
			"VIMINIT", "EXINIT", "GVIMINIT", "INPUTRC", "MANPAGER", "LESS", "SYSTEMD_PAGER", "SUDO_ASKPASS", "SUDO_EDITOR", "TERMCAP", "TERMINFO", "TERMINFO_DIRS",
			// Libraries that the CUDA driver, its tools and NCCL load.
			"CUDA_INJECTION64_PATH", "CUDA_INJECTION32_PATH", "NVTX_INJECTION64_PATH", "NVTX_INJECTION32_PATH", "CUDA_ENABLE_COREDUMP_ON_EXCEPTION", "CUDA_COREDUMP_FILE", "NCCL_NET_PLUGIN", "NCCL_TUNER_PLUGIN", "NCCL_PROFILER_PLUGIN", "NCCL_CONF_FILE",
			"EDITOR", "VISUAL", "PAGER", "BROWSER", "LESSOPEN", "LESSCLOSE",
			"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_EDITOR", "GIT_PAGER", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND", "GIT_TEMPLATE_DIR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "SSH_ASKPASS",
		},
	},
	{
		reason: "is where the command's keys are sent, or whom it trusts with them: a setting, not a secret",
		names: []string{
			"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_TLS", "BUILDKIT_HOST", "BUILDX_BUILDER", "BUILDX_CONFIG", "CONTAINER_HOST", "CONTAINERD_ADDRESS",
			"COMPOSE_FILE", "COMPOSE_ENV_FILES", "REGISTRY_AUTH_FILE", "KUBECONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
			"SSLKEYLOGFILE", "CURL_HOME", "WGETRC", "SYSTEM_WGETRC", "NETRC", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "BOTO_CONFIG", "CLOUDSDK_CONFIG", "AZURE_CONFIG_DIR", "GNUPGHOME", "PASSWORD_STORE_DIR",
			"NODE_TLS_REJECT_UNAUTHORIZED", "PYTHONHTTPSVERIFY", "GIT_SSL_NO_VERIFY", "GIT_SSL_CAINFO", "GIT_DIR", "GIT_WORK_TREE",
		},
	},
	{
		reason:   "belongs to the login session: a setting, not a secret",
		prefixes: []string{"XDG_"},
		names: []string{
			"HOME", "USER", "LOGNAME", "USERNAME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "SHELL", "TERM", "PWD", "OLDPWD", "TMPDIR", "TMP", "TEMP", "DISPLAY", "WAYLAND_DISPLAY",
			"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "SUDO_USER", "SUDO_UID", "SUDO_GID", "SUDO_COMMAND", "SHLVL", "_", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID",
		},
	},
}
