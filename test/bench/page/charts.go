package page

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/ragenv/ragenv/test/bench/result"
)

// What the two charts show, in their order.
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

// bars returns the subjects that were measured, in the order of ids.
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

// drawBars writes a chart of horizontal bars as SVG. Its axis is linear and starts at zero.
func drawBars(path, title string, rows []bar) error {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "milliseconds (median), linear axis from zero"
	p.BackgroundColor = color.White // reads the same on a dark page
	p.X.Min = 0
	var names []string
	for i := range rows {
		row := rows[len(rows)-1-i] // the first is on top
		b, err := plotter.NewBarChart(plotter.Values{row.median}, vg.Points(14))
		if err != nil {
			return err
		}
		b.Horizontal, b.XMin = true, float64(i)
		b.Color, b.LineStyle.Width = row.color, 0
		p.Add(b)
		names = append(names, row.label+"  "+number(row.median))
	}
	p.NominalY(names...)
	return p.Save(8*vg.Inch, vg.Length(len(rows))*24+80, path)
}
