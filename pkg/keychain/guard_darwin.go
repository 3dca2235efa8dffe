package keychain

func newGuard(name string, opts Options) guard {
	if name == BackendPass {
		return passGuard(opts)
	}
	return guard{}
}
