//go:build unix

package durability

const dockerWriter = "docker-writer"

func dockerWriterMain() int { return 0 }
