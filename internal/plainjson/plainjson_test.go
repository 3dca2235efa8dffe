package plainjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

type document struct {
	Name  string   `json:"name"`
	User  string   `json:"user,omitempty"`
	Count int64    `json:"count"`
	Sums  []string `json:"sums"`
}

func read(data []byte) (d document, ok bool) {
	s := NewScanner(data)
	s.Skip(`{"name":`)
	d.Name = s.String()
	if s.Has(`,"user":`) {
		d.User = s.String()
	}
	s.Skip(`,"count":`)
	d.Count = s.Int()
	s.Skip(`,"sums":[`)
	d.Sums = append(d.Sums, s.String())
	for s.Has(",") {
		d.Sums = append(d.Sums, s.String())
	}
	s.Skip("]}")
	return d, s.Done()
}

func TestReadsWhatMarshalWrites(t *testing.T) {
	for _, want := range []document{
		{Name: "a", Sums: []string{"x"}},
		{Name: "default/env/NGC_API_KEY", User: "$oauthtoken", Count: 1795397305, Sums: []string{"x", "y", ""}},
		{Name: " ~'/", Count: -1 << 63, Sums: []string{""}},
	} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range []string{"", "\n"} {
			if got, ok := read(append(data, end...)); !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, %t", data, got, ok)
			}
		}
	}
}

func TestLeavesTheRestToOthers(t *testing.T) {
	for _, text := range []string{
		``, `{}`, `null`, `{"name":"a","count":1,"sums":["x"]`, `{"name":"a","count":1,"sums":["x"]}}`, `{"name":"a","count":1,"sums":["x"],"new":1}`,
		`{"name":"\u0061","count":1,"sums":["x"]}`, `{"name":"ключ","count":1,"sums":["x"]}`, `{"name":"a` + "\n" + `","count":1,"sums":["x"]}`,
		`{"name": "a","count":1,"sums":["x"]}`, `{"name":"a","count":01,"sums":["x"]}`, `{"name":"a","count":-0,"sums":["x"]}`, `{"name":"a","count":1e3,"sums":["x"]}`,
		`{"name":"a","count":9223372036854775808,"sums":["x"]}`, `{"name":"a","count":,"sums":["x"]}`, `{"name":"a","count":1,"sums":[]}`, `{"name":"a","count":1,"sums":["x",]}`,
		`{"name":"a","name":"b","count":1,"sums":["x"]}`, `{"Name":"a","count":1,"sums":["x"]}`, `{"name":"a","count":1,"sums":["x"]}x`, `{"name":"a`,
	} {
		if got, ok := read([]byte(text)); ok {
			t.Errorf("%s was read: %+v", text, got)
		}
	}
}

func TestIsPlain(t *testing.T) {
	for c := range rune(0x180) {
		for _, text := range []string{string(c), "a" + string(c), string([]byte{byte(c)})} {
			data, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			ascii := strings.Trim(text, "\x7f") == text && utf8.RuneCountInString(text) == len(text) && utf8.ValidString(text)
			if asItIs := string(data) == `"`+text+`"`; IsPlain(text) != (asItIs && ascii) {
				t.Errorf("%q: %t, encoding/json writes %s", text, IsPlain(text), data)
			}
		}
	}
}

// FuzzScanner: what is read at all, encoding/json reads as the same.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"name":"a","user":"b","count":-12,"sums":["x","y"]}` + "\n"))
	f.Add([]byte(`{"name":"","count":0,"sums":[""]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := read(data)
		if !ok {
			return
		}
		var want document
		if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v; encoding/json: %+v, %v", data, got, want, err)
		}
	})
}
