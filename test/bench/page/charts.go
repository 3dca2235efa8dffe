package page

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"github.com/ragenv/ragenv/test/bench/result"
)

// The subjects of the two charts, in order.
var (
	startOrder = []string{result.Hello, "unknown", "missing", "get", "get-cached", "store", "ragenv-true", "list-100"}
	peerOrder  = []string{"get", "get-cached", "get-secret-service", "get-pass", "secretservice", "secret-tool", "pass", "aws-vault", "sops"}
)

// bar is one row of a chart.
type bar struct {
	label  string
	median float64 // ms
	color  color.Color
}

var colors = map[string]color.Color{
	result.Base:  color.RGBA{0x59, 0x63, 0x6e, 0xff},
	result.After: color.RGBA{0x09, 0x69, 0xda, 0xff},
	result.Peer:  color.RGBA{0xbc, 0x4c, 0x00, 0xff},
}

// bars returns the measured subjects in the order of ids.
func bars(r *result.Run, ids []string) (found []bar) {
	for _, id := range ids {
		i := slices.IndexFunc(r.Subjects, func(s result.Subject) bool { return s.ID == id })
		if i >= 0 {
			s := &r.Subjects[i]
			found = append(found, bar{s.Title, s.Wall.Median() / 1e6, colors[s.Of]})
		}
	}
	return found
}

// drawBars writes an SVG chart of horizontal bars. The axis is linear and starts at zero.
func drawBars(path, title string, rows []bar) error {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"} // as wide as Arial and Helvetica, which browsers use instead
	p := plot.New()
	p.Title.Text, p.Title.TextStyle.Font, p.Title.Padding = title, font.From(sans, 14), vg.Points(8)
	p.X.Label.Text, p.X.Label.TextStyle.Font = "milliseconds (median), linear axis from zero", font.From(sans, 11)
	p.X.Tick.Label.Font = font.From(sans, 10)
	p.BackgroundColor = color.White // readable on a dark page, too
	var names []string
	var ends plotter.XYLabels
	for i := range rows {
		row := rows[len(rows)-1-i] // the first row is at the top
		b, err := plotter.NewBarChart(plotter.Values{row.median}, vg.Points(14))
		if err != nil {
			return err
		}
		b.Horizontal, b.XMin = true, float64(i)
		b.Color, b.LineStyle.Width = row.color, 0
		p.Add(b)
		names = append(names, row.label+"  ")
		ends.XYs = append(ends.XYs, plotter.XY{X: row.median, Y: float64(i)})
		ends.Labels = append(ends.Labels, "  "+number(row.median))
		p.X.Max = max(p.X.Max, row.median*1.1)
	}
	values, err := plotter.NewLabels(ends)
	if err != nil {
		return err
	}
	for i := range values.TextStyle {
		values.TextStyle[i].Font, values.TextStyle[i].YAlign = font.From(sans, 10), text.YCenter
	}
	p.Add(values)
	p.NominalY(names...)
	p.Y.Tick.Label.Font = font.From(sans, 11)
	p.Y.Width, p.Y.Tick.Length, p.Y.Padding = 0, 0, vg.Points(24) // leaves room for a wider font
	p.X.Min = 0
	return p.Save(8*vg.Inch, vg.Length(len(rows))*24+80, path)
}
