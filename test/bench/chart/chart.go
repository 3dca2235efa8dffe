// Package chart draws plain SVG charts that can be read on a light and on a dark page.
package chart

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Colour is one of the chart's; what it looks like depends on the page.
type Colour string

// The colours.
const (
	Ours    Colour = "ours"
	Second  Colour = "second"
	Former  Colour = "former"
	Others  Colour = "others"
	Neutral Colour = "neutral"
)

const style = `<style>
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}
.title{font-size:15px;font-weight:600}.muted{fill:#59636e}.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:#d1d9e0;stroke-width:1}.axis{stroke:#818b98;stroke-width:1}.whisker{stroke:#59636e;stroke-width:1.5}
.ours{fill:#0969da;stroke:#0969da}.second{fill:#8250df;stroke:#8250df}.former{fill:#9198a1;stroke:#9198a1}
.others{fill:#bc4c00;stroke:#bc4c00}.neutral{fill:#59636e;stroke:#59636e}
rect{stroke:none!important}polyline{fill:none!important;stroke-width:2;stroke-linejoin:round}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}.muted{fill:#9198a1}.grid{stroke:#3d444d}.axis{stroke:#656c76}.whisker{stroke:#9198a1}
.ours{fill:#4493f8;stroke:#4493f8}.second{fill:#ab7df8;stroke:#ab7df8}.former{fill:#656c76;stroke:#656c76}
.others{fill:#db6d28;stroke:#db6d28}.neutral{fill:#9198a1;stroke:#9198a1}
}
</style>
`

// Bar is one row of a chart of bars.
type Bar struct {
	Label  string
	Value  float64
	Upper  float64 // the end of a whisker; 0 is none
	Text   string  // stands behind the bar
	Colour Colour
	Under  bool // belongs to the row above: thinner, and close to it
}

// Bars draws rows of bars from a common zero, all of one unit. legend names the colours; it may be empty.
func Bars(title, legend string, bars []Bar) string {
	const left, width, right, top, row, under = 290.0, 900.0, 170.0, 52.0, 26.0, 16.0
	most, height := 0.0, top
	for _, b := range bars {
		most = math.Max(most, math.Max(b.Value, b.Upper))
		height += step(b, row, under)
	}
	scale := (width - left - right) / math.Max(most, math.SmallestNonzeroFloat64)
	var out strings.Builder
	open(&out, width, height+14, title, legend)
	y := top
	for _, b := range bars {
		thick := 16.0
		if b.Under {
			thick = 10
		} else {
			y += 4
		}
		fmt.Fprintf(&out, "<text class=\"end\" x=\"%s\" y=\"%s\">%s</text>\n", n(left-8), n(y+thick/2+4.5), html.EscapeString(b.Label))
		fmt.Fprintf(&out, "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"2\"/>\n", b.Colour, n(left), n(y), n(math.Max(1, b.Value*scale)), n(thick))
		end := b.Value
		if b.Upper > b.Value {
			end = b.Upper
			fmt.Fprintf(&out, "<line class=\"whisker\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n", n(left+b.Value*scale), n(y+thick/2), n(left+b.Upper*scale), n(y+thick/2))
		}
		fmt.Fprintf(&out, "<text class=\"muted\" x=\"%s\" y=\"%s\">%s</text>\n", n(left+end*scale+7), n(y+thick/2+4.5), html.EscapeString(b.Text))
		y += step(b, row, under)
		if !b.Under {
			y -= 4
		}
	}
	out.WriteString("</svg>\n")
	return out.String()
}

func step(b Bar, row, under float64) float64 {
	if b.Under {
		return under
	}
	return row
}

// Line is one curve of a chart of lines.
type Line struct {
	Label  string
	Colour Colour
	Dashed bool
	X, Y   []float64
}

// Lines draws curves over a logarithmic x axis; y is logarithmic, too, if logY, and else begins at zero. All x, and y if
// logY, are above zero.
func Lines(title, xLabel, yLabel string, logY bool, lines []Line) string {
	const left, width, right, top, height, bottom = 70.0, 900.0, 220.0, 60.0, 400.0, 52.0
	minX, maxX, minY, maxY := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for i := range l.X {
			minX, maxX = math.Min(minX, l.X[i]), math.Max(maxX, l.X[i])
			minY, maxY = math.Min(minY, l.Y[i]), math.Max(maxY, l.Y[i])
		}
	}
	ticks := linearTicks(maxY)
	if logY {
		ticks = logTicks(minY, maxY)
	}
	low, high := ticks[0], ticks[len(ticks)-1]
	atX := func(x float64) float64 {
		return left + (width-left-right)*math.Log(x/minX)/math.Max(math.Log(maxX/minX), 1e-9)
	}
	atY := func(y float64) float64 {
		part := (y - low) / (high - low)
		if logY {
			part = math.Log(y/low) / math.Log(high/low)
		}
		return height - bottom - (height-bottom-top)*part
	}
	var out strings.Builder
	open(&out, width, height, title, "")
	fmt.Fprintf(&out, "<text class=\"muted\" x=\"12\" y=\"46\">%s</text>\n", html.EscapeString(yLabel))
	for _, tick := range ticks {
		fmt.Fprintf(&out, "<line class=\"grid\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n", n(left), n(atY(tick)), n(width-right), n(atY(tick)))
		fmt.Fprintf(&out, "<text class=\"muted end\" x=\"%s\" y=\"%s\">%s</text>\n", n(left-8), n(atY(tick)+4.5), plain(tick))
	}
	fmt.Fprintf(&out, "<line class=\"axis\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n", n(left), n(height-bottom), n(width-right), n(height-bottom))
	for _, tick := range logTicks(minX, maxX) {
		if tick >= minX && tick <= maxX {
			fmt.Fprintf(&out, "<text class=\"muted mid\" x=\"%s\" y=\"%s\">%s</text>\n", n(atX(tick)), n(height-bottom+20), plain(tick))
		}
	}
	fmt.Fprintf(&out, "<text class=\"muted mid\" x=\"%s\" y=\"%s\">%s</text>\n", n(left+(width-left-right)/2), n(height-10), html.EscapeString(xLabel))
	labels := make([]float64, len(lines))
	for i, l := range lines {
		labels[i] = atY(l.Y[len(l.Y)-1])
	}
	spread(labels, 17)
	for i, l := range lines {
		points := make([]string, len(l.X))
		for j := range l.X {
			points[j] = n(atX(l.X[j])) + "," + n(atY(l.Y[j]))
		}
		dash := ""
		if l.Dashed {
			dash = ` stroke-dasharray="6 4"`
		}
		fmt.Fprintf(&out, "<polyline class=\"%s\" points=\"%s\"%s/>\n", l.Colour, strings.Join(points, " "), dash)
		for j := range l.X {
			fmt.Fprintf(&out, "<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"3\"/>\n", l.Colour, n(atX(l.X[j])), n(atY(l.Y[j])))
		}
		fmt.Fprintf(&out, "<text x=\"%s\" y=\"%s\">%s</text>\n", n(width-right+12), n(labels[i]+4.5), html.EscapeString(l.Label))
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// spread moves positions down until each two are at least gap away from one another; their order stays.
func spread(positions []float64, gap float64) {
	order := make([]int, len(positions))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(positions[i], positions[j]) })
	for k := 1; k < len(order); k++ {
		positions[order[k]] = max(positions[order[k]], positions[order[k-1]]+gap)
	}
}

// linearTicks returns round values from 0 to one that is no less than most.
func linearTicks(most float64) []float64 {
	raw := math.Max(most, 1e-9) / 5
	size := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if size*factor >= raw {
			size *= factor
			break
		}
	}
	ticks := []float64{0}
	for i := 1; ticks[len(ticks)-1] < most; i++ {
		ticks = append(ticks, float64(i)*size)
	}
	return ticks
}

// logTicks returns the powers of ten from one that is no more than low to one that is no less than high; at least two.
func logTicks(low, high float64) []float64 {
	first, last := math.Floor(math.Log10(low)+1e-9), math.Ceil(math.Log10(high)-1e-9)
	ticks := []float64{}
	for e := first; e <= math.Max(last, first+1); e++ {
		ticks = append(ticks, math.Pow(10, e))
	}
	return ticks
}

func open(out *strings.Builder, width, height float64, title, legend string) {
	fmt.Fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"%s\">\n", n(width), n(height), html.EscapeString(title))
	out.WriteString(style)
	fmt.Fprintf(out, "<text class=\"title\" x=\"12\" y=\"24\">%s</text>\n", html.EscapeString(title))
	if legend != "" {
		fmt.Fprintf(out, "<text class=\"muted\" x=\"12\" y=\"43\">%s</text>\n", html.EscapeString(legend))
	}
}

// n is a coordinate, with as few digits as do.
func n(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// plain is the number of a tick.
func plain(x float64) string {
	text := strconv.FormatFloat(x, 'f', -1, 64)
	if len(text) > 8 {
		text = strconv.FormatFloat(x, 'g', 4, 64)
	}
	if x >= 10_000 {
		text = text[:len(text)-3] + "," + text[len(text)-3:]
	}
	return text
}
