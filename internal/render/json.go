package render

import (
	"bytes"
	"encoding/json"
)

// jsonObject writes one object of names to values. JSON is Unicode text, so bytes that are not UTF-8 are
// refused.
func jsonObject(w *bytes.Buffer, values []Value, _ Options) error {
	if err := requireUTF8("json", values); err != nil {
		return err
	}
	object := make(map[string]string, len(values)) // encoding/json sorts the names
	for _, v := range values {
		object[v.Name] = v.Value
	}
	return encodeJSON(w, object)
}

func encodeJSON(w *bytes.Buffer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
