package validate

// The codes of findings. They are stable.
const (
	CodeEmpty   = "empty"
	CodeNUL     = "nul"
	CodeTooLong = "too-long"

	CodeQuotes          = "quotes"
	CodeExport          = "export"
	CodeAssignment      = "assignment"
	CodeCommand         = "command"
	CodeHeader          = "header"
	CodeUserAndKey      = "user-and-key"
	CodeUserName        = "user-name"
	CodeVariable        = "variable"
	CodeJSON            = "json"
	CodeDockerAuth      = "docker-auth"
	CodePlaceholder     = "placeholder"
	CodeShortened       = "shortened"
	CodeLineBreak       = "line-break"
	CodeSpaces          = "spaces"
	CodeControl         = "control-character"
	CodeNotASCII        = "not-ascii"
	CodeNameOnly        = "name-only"
	CodeForeign         = "other-service"
	CodeURL             = "url"
	CodeSeveral         = "several-keys"
	CodeCyborgDBForNGC  = "cyborgdb-for-ngc"
	CodeNGCForCyborgDB  = "ngc-for-cyborgdb"
	CodeStaging         = "staging"
	CodeOddLength       = "odd-length"
	CodeOddLegacy       = "odd-legacy"
	CodeUnknownNGC      = "unknown-ngc"
	CodeIndexKeyForNGC  = "index-key-for-ngc"
	CodeCyborgDBUser    = "cyborgdb-user"
	CodeUnknownCyborgDB = "unknown-cyborgdb"

	CodeAPIKeyForIndexKey = "api-key-for-index-key"
	CodeUnknownIndexKey   = "unknown-index-key"
)

// catalog holds every finding with its complete text, so no part of a value can appear in one.
//
// Refuse means that the value is not the key. Unusual means that it might be a kind of key introduced
// later: NVIDIA has changed the length of its keys before. CyborgDB documents only a prefix, so a different
// one is only a warning.
var catalog = []Finding{
	{Refuse, CodeEmpty, "the value is empty", "copy the key again, then paste it"},
	{Refuse, CodeNUL, "the value holds a NUL byte, which no environment variable can hold", "store it as base64 text"},
	{Unusual, CodeTooLong, "the value is too long to be handed to a command in an environment variable (128 KiB on Linux)", "keep it in a file, and store the file's path"},

	{Refuse, CodeQuotes, "the key was pasted with quotes around it", "paste only the text between the quotes"},
	{Refuse, CodeExport, "a shell command that sets a variable was pasted, not the key alone", "paste only the key, without the variable's name and quotes"},
	{Refuse, CodeAssignment, "a line with a variable's name was pasted, not the key alone", "paste only the key, without the name"},
	{Refuse, CodeCommand, "a command line was pasted, not the key alone", "paste only the key"},
	{Refuse, CodeHeader, "an HTTP header was pasted, not the key alone", "paste only the text after the last space"},
	{Refuse, CodeUserAndKey, "the user name $oauthtoken was pasted together with the key", "paste only the text after the colon"},
	{Refuse, CodeUserName, "this is the user name for nvcr.io, not the key", "paste the key itself"},
	{Refuse, CodeVariable, "a reference to a variable was pasted: the shell did not replace it with its value", "paste the key itself"},
	{Refuse, CodeJSON, "JSON was pasted, not the key alone", "paste only the key inside it"},
	{Refuse, CodeDockerAuth, "this is the base64 of $oauthtoken and a key, as in Docker's config.json, not the key alone", "paste the key itself: decoded, it stands after the colon"},
	{Refuse, CodePlaceholder, "this is a placeholder from documentation, not a key", "paste your own key in its place"},
	{Refuse, CodeShortened, "the key is shortened: part of it is hidden by dots or stars", "create a new key: services show a whole key only once"},
	{Refuse, CodeLineBreak, "the key has a line break in it", "copy the key again, as one line"},
	{Refuse, CodeSpaces, "the key has spaces in or around it", "copy the key again, without the spaces"},
	{Refuse, CodeControl, "the key has a control character in it, such as an arrow key's", "copy the key again, then paste it without editing"},
	{Refuse, CodeNotASCII, "the key has a character that no key contains, such as a typographic dash or an invisible space", "copy the key from the service's page, not from a document or chat"},
	{Refuse, CodeNameOnly, "this is the name of a variable, not a key", "paste the key itself"},
	{Refuse, CodeURL, "this is a web address, not a key", "open it and copy the key from there"},
	{Refuse, CodeSeveral, "more than one key was pasted", "paste one key"},
	{Refuse, CodeForeign, "this is another service's token", "store it under that service's own name"},
	{Refuse, CodeCyborgDBForNGC, "this is a CyborgDB key, not an NGC key", "store it as CYBORGDB_API_KEY"},
	{Refuse, CodeNGCForCyborgDB, "this is an NGC key, not a CyborgDB key", "store it as NGC_API_KEY"},
	{Refuse, CodeAPIKeyForIndexKey, "this is an API key, not an index's encryption key", "store it under its own name"},

	{Unusual, CodeUnknownNGC, "this does not look like an NGC key (nvapi- and 64 characters, or 84 letters and digits)", "copy the key again from https://org.ngc.nvidia.com/setup/api-keys"},
	{Unusual, CodeOddLength, "the key is not as long as NGC keys are (70 characters)", "copy all of it again from https://org.ngc.nvidia.com/setup/api-keys"},
	{Unusual, CodeIndexKeyForNGC, "this looks like an index's encryption key, not an NGC key", "store it as APP_VECTORSTORE_INDEXKEY"},
	{Unusual, CodeUnknownIndexKey, "this is not the base64 of 32 bytes, as an index's encryption key is", "copy the key again, or generate one"},

	{Warn, CodeStaging, "this is a key for NVIDIA's staging services, which nvcr.io does not accept", "create one at https://org.ngc.nvidia.com/setup/api-keys"},
	{Warn, CodeOddLegacy, "the key is as long as a legacy NGC key, but is not built like one", "check that all of it was copied"},
	{Warn, CodeCyborgDBUser, "this is one user's key of a CyborgDB service, not the service's own API key", "copy the API key from the dashboard at https://cyborgdb.co"},
	{Warn, CodeUnknownCyborgDB, "the key does not begin as CyborgDB's keys do (cyborg_)", "check that all of it was copied"},
}

// finding returns the catalog's entry for code. The catalog is a list, not a map, because a list costs
// nothing at startup and the credential helper starts for every pull.
func finding(code string) Finding {
	for _, f := range catalog {
		if f.Code == code {
			return f
		}
	}
	panic("validate: no finding " + code)
}
