package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
)

// shape is an element of a chart.
type shape map[string]string

// shapes reads a chart as XML and returns its elements by name.
func shapes(t *testing.T, svg string) map[string][]shape {
	t.Helper()
	found := map[string][]shape{}
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			s := shape{}
			for _, a := range start.Attr {
				s[a.Name.Local] = a.Value
			}
			found[start.Name.Local] = append(found[start.Name.Local], s)
		}
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		t.Fatalf("%q is no coordinate", text)
	}
	return x
}

func TestBarsAreInProportion(t *testing.T) {
	bars := shapes(t, Bars(`a <title> & "more"`, "", []Bar{
		{Label: "<one>", Value: 1, Colour: Ours}, {Label: "three", Value: 3, Upper: 4, Colour: Others, Under: true},
	}))["rect"]
	if len(bars) != 2 {
		t.Fatalf("%d bars, want 2", len(bars))
	}
	one, three := number(t, bars[0]["width"]), number(t, bars[1]["width"])
	if math.Abs(three-3*one) > 0.5 {
		t.Errorf("widths %v and %v, want 1 to 3", one, three)
	}
	if bars[0]["class"] != "ours" || bars[1]["class"] != "others" {
		t.Errorf("colours %q and %q", bars[0]["class"], bars[1]["class"])
	}
}

func TestLinesStayInside(t *testing.T) {
	for _, logY := range []bool{false, true} {
		found := shapes(t, Lines("t", "x", "y", logY, []Line{
			{Label: "a", Colour: Ours, X: []float64{1, 10, 1000}, Y: []float64{2, 2, 150}},
			{Label: "b", Colour: Former, X: []float64{1, 1000}, Y: []float64{0.4, 151}, Dashed: true},
		}))
		points := found["circle"]
		if len(points) != 5 || len(found["polyline"]) != 2 {
			t.Fatalf("%d points on %d lines, want 5 on 2", len(points), len(found["polyline"]))
		}
		for _, p := range points {
			if x, y := number(t, p["cx"]), number(t, p["cy"]); x < 70 || x > 680 || y < 60 || y > 348 {
				t.Errorf("logY %t: a point at %v, %v lies outside of the axes", logY, x, y)
			}
		}
		if first, third := number(t, points[0]["cy"]), number(t, points[2]["cy"]); third >= first {
			t.Errorf("logY %t: more is not above less", logY)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, most := range []float64{0.003, 0.9, 1, 7, 99, 12345} {
		ticks := linearTicks(most)
		if ticks[0] != 0 || ticks[len(ticks)-1] < most || len(ticks) > 8 {
			t.Errorf("ticks up to %v: %v", most, ticks)
		}
		logs := logTicks(most, most*30)
		if logs[0] > most || logs[len(logs)-1] < most*30*(1-1e-6) {
			t.Errorf("ticks from %v to %v: %v", most, most*30, logs)
		}
	}
}

func TestSpread(t *testing.T) {
	positions := []float64{100, 100, 101, 300}
	spread(positions, 17)
	for i := range positions {
		for j := range i {
			if math.Abs(positions[i]-positions[j]) < 16.9 {
				t.Errorf("%v are too close", positions)
			}
		}
	}
	if positions[0] >= positions[1] || positions[1] >= positions[2] {
		t.Errorf("the order changed: %v", positions)
	}
}
