package page

import (
	"fmt"

	"github.com/ragenv/ragenv/test/bench/chart"
	"github.com/ragenv/ragenv/test/bench/result"
)

// chartsOf returns a run's charts by their file names.
func chartsOf(r *result.Run) map[string]string {
	v := view{Run: r}
	charts := map[string]string{"start.svg": v.startChart(), "peers.svg": v.peersChart()}
	if len(r.Growth) > 0 {
		charts["get.svg"] = v.growthChart("get", "get of one item: time by the number of items stored", false)
		charts["list.svg"] = v.growthChart("list", "list: time by the number of items", true)
	}
	return charts
}

// startOrder is what the first chart shows.
var startOrder = []string{"version", "unknown", "missing", "get", "get-cached", "store", "store-again", "list-1", "list-10", "list-100", "ragenv-version", "ragenv-true"}

func (v view) startChart() string {
	var bars []chart.Bar
	for _, id := range []string{result.Hello, "true"} {
		if s := v.Find(result.Base, id); s != nil {
			bars = append(bars, v.bar(s, chart.Neutral))
		}
	}
	for _, id := range startOrder {
		if s := v.Find(result.After, id); s != nil {
			bars = append(bars, v.bar(s, chart.Ours))
		}
		if s := v.Find(result.Before, id); s != nil {
			b := v.bar(s, chart.Former)
			b.Label, b.Under = "before", true
			bars = append(bars, b)
		}
	}
	return chart.Bars("From start to end: both programs", "the median, the 90th percentile as a line, and how many times hello's", bars)
}

// peersChart compares what gives back a stored secret.
func (v view) peersChart() string {
	var bars []chart.Bar
	for _, id := range []string{"get", "get-cached", "ragenv-true", "get-secret-service", "get-pass"} {
		if s := v.Find(result.After, id); s != nil {
			bars = append(bars, v.bar(s, chart.Ours))
		}
	}
	for i := range v.Subjects {
		if s := &v.Subjects[i]; s.Of == result.Peer {
			bars = append(bars, v.bar(s, chart.Others))
		}
	}
	return chart.Bars("From start to end: beside other programs", "the median, the 90th percentile as a line, and how many times hello's", bars)
}

func (v view) bar(s *result.Subject, colour chart.Colour) chart.Bar {
	return chart.Bar{
		Label: s.Title, Value: s.Wall.Median(), Upper: s.Wall.Quantile(0.9), Colour: colour,
		Text: fmt.Sprintf("%s ms, %s×", ms(s.Wall.Median()), times(v.Ratio(s))),
	}
}

func (v view) growthChart(verb, title string, logY bool) string {
	var lines []chart.Line
	for _, c := range v.curves() {
		if c.verb != verb {
			continue
		}
		line := chart.Line{Label: c.title, Colour: chart.Ours, Dashed: c.of == result.Before}
		switch {
		case c.verb == "list" && c.procs == 1:
			line.Colour = chart.Second
		case c.of == result.Before:
			line.Colour = chart.Former
		}
		for _, p := range c.points {
			line.X, line.Y = append(line.X, float64(p.Items)), append(line.Y, p.Wall.Quantile(0.1)/1e6)
		}
		lines = append(lines, line)
	}
	return chart.Lines(title, "items stored", "ms (p10)", logY, lines)
}
