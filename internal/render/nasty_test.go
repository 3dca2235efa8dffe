package render_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/render"
)

// nasty has what is special to some reader: quotes, expansions, line ends, bytes that shells use internally
// (bash 0x01 and 0x7f, zsh 0x83 to 0xa2, fish U+F600 to U+F6FF and U+FDD0), quotes that only PowerShell
// knows, and characters of every length.
var nasty = []string{
	`'`, `"`, `\`, "`", `$`, `!`, `#`, ` #`, `~`, `*`, `?`, `[`, `]`, `{`, `}`, `(`, `)`, `<`, `>`, `|`, `&`, `;`, `%`, `=`, `^`, `:`, `,`, ` `,
	"\n", "\r", "\r\n", "\t", "\v", "\f", "\x01", "\x02", "\x1b", "\x1b[0m", "\x7f", "\x80", "\x83", "\x9d", "\xa0", "\xa2", "\xc0", "\xe2\x80", "\xff", "\xfe",
	`\n`, `\'`, `\\`, `''`, `'\''`, `$(id)`, "`id`", `${HOME}`, `$HOME`, `$$`, `$'`, `\$`, `\0`, `\u0041`, `{a,b}`, `~root`, `%PATH%`, `::`, `<<`, `EOF`, "RAGENV_END_OF_VALUE",
	"\u0085", "\u00a0", "\u2028", "\ufeff", "\u2018", "\u2019", "\u201a", "\u201b", "\u201c", "\ue000", "\uf600", "\uf6ff", "\ufdd0", "\uffff", "\ufffd", "é", "日本", "😀", "\U0010ffff",
	"a", "b", "Z", "0", "7", "nvapi-", "x y",
}

func nastyValue(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(12) {
		switch r.IntN(8) {
		case 0:
			b.WriteByte(byte(1 + r.IntN(255)))
		case 1:
			b.WriteString(strings.Repeat(nasty[r.IntN(len(nasty))], 1+r.IntN(4)))
		default:
			b.WriteString(nasty[r.IntN(len(nasty))])
		}
	}
	return b.String()
}

// nastyValues returns n values generated from seed, and then those in raw, which are separated by NUL.
func nastyValues(seed uint64, n int, raw string, onlyUTF8 bool) []render.Value {
	r := rand.New(rand.NewPCG(seed, 0))
	texts := make([]string, 0, n)
	for len(texts) < n {
		texts = append(texts, nastyValue(r))
	}
	texts = append(texts, strings.Split(raw, "\x00")...)
	var values []render.Value
	for i, text := range texts {
		if len(text) < 100<<10 && (!onlyUTF8 || utf8.ValidString(text)) {
			values = append(values, render.Value{Name: fmt.Sprintf("V%d", i), Value: text})
		}
	}
	return values
}
