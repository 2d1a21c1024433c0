//! Pictures of graphs, laid out in layers as Sugiyama, Tagawa and Toda do ("Methods for visual understanding of hierarchical
//! system structures", IEEE Trans. SMC 11, 1981): longest paths give the layers, repeated averages the order in each.

use std::fmt::Write as _;

/// How a node looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    Data,
    Operation,
}

/// Nodes and arrows. Arrows lead from nodes that were added earlier.
#[derive(Default)]
pub(crate) struct Drawing {
    nodes: Vec<(String, Shape)>,
    arrows: Vec<(usize, usize)>,
}

/// Sizes in the picture's units, which are pixels unless it is scaled.
const LETTER: f64 = 7.2;
const LINE: f64 = 15.0;
const GAP: f64 = 16.0;
const LAYER: f64 = 44.0;
const MARGIN: f64 = 12.0;

impl Drawing {
    /// A node; lines of the label are parted by line feeds.
    pub(crate) fn add(&mut self, label: String, shape: Shape) -> usize {
        self.nodes.push((label, shape));
        self.nodes.len() - 1
    }

    /// An arrow, drawn once.
    pub(crate) fn join(&mut self, from: usize, to: usize) {
        if from != to && !self.arrows.contains(&(from, to)) {
            self.arrows.push((from, to));
        }
    }

    /// In the language of Graphviz.
    pub(crate) fn dot(&self) -> String {
        let mut text = String::from("digraph plan {\n  rankdir=BT;\n  node [fontname=\"sans-serif\"];\n");
        for (i, (label, shape)) in self.nodes.iter().enumerate() {
            let shape = if *shape == Shape::Data { "ellipse" } else { "box" };
            let label = label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = writeln!(text, "  n{i} [label=\"{label}\", shape={shape}];");
        }
        for (from, to) in &self.arrows {
            let _ = writeln!(text, "  n{from} -> n{to};");
        }
        text.push_str("}\n");
        text
    }

    /// The layer of each node: one above the highest of those that lead to it.
    fn layers(&self) -> Vec<Vec<usize>> {
        let mut level = vec![0; self.nodes.len()];
        let mut arrows = self.arrows.clone();
        arrows.sort_by_key(|&(_, to)| to);
        for (from, to) in arrows {
            level[to] = level[to].max(level[from] + 1);
        }
        // Data goes next to what uses it first.
        for from in 0..self.nodes.len() {
            let above = self.arrows.iter().filter(|(f, _)| *f == from).map(|&(_, to)| level[to]).min();
            if let (Some(above), false) = (above, self.arrows.iter().any(|(_, to)| *to == from)) {
                level[from] = above - 1;
            }
        }
        let mut layers = vec![vec![]; level.iter().max().map_or(0, |top| top + 1)];
        level.iter().enumerate().for_each(|(node, &l)| layers[l].push(node));
        layers
    }

    fn extent(&self, node: usize) -> (f64, f64) {
        let lines: Vec<&str> = self.nodes[node].0.lines().collect();
        let longest = lines.iter().map(|l| l.chars().count()).max().unwrap_or(0);
        (longest as f64 * LETTER + 16.0, lines.len().max(1) as f64 * LINE + 8.0)
    }

    /// The middle of each node, and the picture's size; layers go up.
    fn places(&self) -> (Vec<(f64, f64)>, f64, f64) {
        let mut layers = self.layers();
        let mut x = vec![0.0_f64; self.nodes.len()];
        let spread = |layer: &[usize], x: &mut [f64]| {
            let mut at = 0.0;
            for &node in layer {
                let width = self.extent(node).0;
                x[node] = at + width / 2.0;
                at += width + GAP;
            }
            at - GAP
        };
        let mut width = layers.iter().map(|layer| spread(layer, &mut x)).fold(0.0_f64, f64::max);
        for pass in 0..8 {
            let upward = pass % 2 == 0;
            let order: Vec<usize> =
                if upward { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
            for l in order {
                let mean = |node: usize| {
                    let mut near = self.arrows.iter().filter_map(|&(from, to)| match upward {
                        true if to == node => Some(x[from]),
                        false if from == node => Some(x[to]),
                        _ => None,
                    });
                    let (sum, count) = near.by_ref().fold((0.0, 0), |(s, n), v| (s + v, n + 1));
                    if count == 0 { x[node] } else { sum / f64::from(count) }
                };
                let mut keyed: Vec<(f64, usize)> = layers[l].iter().map(|&node| (mean(node), node)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                // As near to the wanted places as the widths allow.
                let mut left = f64::NEG_INFINITY;
                for (wanted, node) in &keyed {
                    let half = self.extent(*node).0 / 2.0;
                    x[*node] = wanted.max(left + half);
                    left = x[*node] + half + GAP;
                }
                layers[l] = keyed.into_iter().map(|(_, node)| node).collect();
            }
        }
        let least = (0..self.nodes.len()).map(|n| x[n] - self.extent(n).0 / 2.0).fold(f64::INFINITY, f64::min);
        x.iter_mut().for_each(|v| *v += MARGIN - least);
        width = (0..self.nodes.len()).map(|n| x[n] + self.extent(n).0 / 2.0).fold(width, f64::max) + MARGIN;
        let mut y = vec![0.0; self.nodes.len()];
        let mut at = MARGIN;
        for layer in layers.iter().rev() {
            let height = layer.iter().map(|&n| self.extent(n).1).fold(0.0, f64::max);
            layer.iter().for_each(|&n| y[n] = at + height / 2.0);
            at += height + LAYER;
        }
        (x.into_iter().zip(y).collect(), width, (at - LAYER + MARGIN).max(MARGIN))
    }

    /// As a picture.
    pub(crate) fn svg(&self) -> String {
        let (places, width, height) = self.places();
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.1} \
             {height:.1}\" font-family=\"monospace\" font-size=\"12\">\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" \
             refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#555\"/></marker>\
             </defs>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        for &(from, to) in &self.arrows {
            let ((x1, y1), (x2, y2)) = (places[from], places[to]);
            let (y1, y2) = (y1 - self.extent(from).1 / 2.0, y2 + self.extent(to).1 / 2.0);
            let middle = (y1 + y2) / 2.0;
            let _ = writeln!(
                text,
                "<path d=\"M{x1:.1} {y1:.1}C{x1:.1} {middle:.1} {x2:.1} {middle:.1} {x2:.1} {y2:.1}\" fill=\"none\" \
                 stroke=\"#555\" marker-end=\"url(#tip)\"/>"
            );
        }
        for (node, (label, shape)) in self.nodes.iter().enumerate() {
            let ((x, y), (w, h)) = (places[node], self.extent(node));
            let (round, fill) = if *shape == Shape::Data { (h / 2.0, "#e8f0fa") } else { (3.0, "#fdf3e1") };
            let _ = writeln!(
                text,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"{round:.1}\" fill=\"{fill}\" \
                 stroke=\"#333\"/>",
                x - w / 2.0,
                y - h / 2.0
            );
            let count = label.lines().count();
            for (i, line) in label.lines().enumerate() {
                let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let at = y + LINE * (i as f64 - (count as f64 - 1.0) / 2.0) + 4.0;
                let _ = writeln!(text, "<text x=\"{x:.1}\" y=\"{at:.1}\" text-anchor=\"middle\">{line}</text>");
            }
        }
        text.push_str("</svg>\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_a_layer_do_not_overlap_and_arrows_lead_up() {
        let mut drawing = Drawing::default();
        let data: Vec<usize> = (0..5).map(|i| drawing.add(format!("chunk {i}"), Shape::Data)).collect();
        let sums: Vec<usize> = data.iter().map(|_| drawing.add("sum".into(), Shape::Operation)).collect();
        data.iter().zip(&sums).for_each(|(&d, &s)| drawing.join(d, s));
        let total = drawing.add("add <all> & \"more\"".into(), Shape::Operation);
        sums.iter().for_each(|&s| drawing.join(s, total));
        let (places, width, height) = drawing.places();
        for (i, &(x, y)) in places.iter().enumerate() {
            let (w, h) = drawing.extent(i);
            assert!(x - w / 2.0 >= 0.0 && x + w / 2.0 <= width && y - h / 2.0 >= 0.0 && y + h / 2.0 <= height);
            for (j, &(other, level)) in places.iter().enumerate().skip(i + 1) {
                let apart = (x - other).abs() >= (w + drawing.extent(j).0) / 2.0 - 1e-9;
                assert!(level != y || apart, "{i} and {j} overlap");
            }
        }
        assert!(drawing.arrows.iter().all(|&(from, to)| places[from].1 > places[to].1));
        let svg = drawing.svg();
        assert!(svg.contains("add &lt;all&gt; &amp;") && svg.matches("<rect x=").count() == 11);
        assert!(drawing.dot().contains("n10 [label=\"add <all> & \\\"more\\\"\""));
    }
}
