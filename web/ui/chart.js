// ui/chart.js - a line chart over time on uPlot, in the colours of the theme.
import { html, useEffect, useRef } from '../lib.js';
import { clock } from '../words.js';
import uPlot from '../vendor/uplot.js';

const HEIGHT = 180;
const SHOWN = 180; // seconds

// The axis always shows the same span, so that a chart does not stretch as it fills.
function span(last) {
	const end = last || Date.now() / 1000;

	return [end - SHOWN, end];
}

// A canvas knows no CSS variables: an element that has the colour tells it.
function colour(parent, name) {
	const probe = document.createElement('span');

	probe.className = `probe-${name}`;
	parent.append(probe);
	const value = getComputedStyle(probe).color;
	probe.remove();
	return value;
}

function options(parent, width, series, format, least) {
	const text = colour(parent, 'muted'), grid = colour(parent, 'line');
	const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false },
		font: '11px system-ui, sans-serif' };

	return {
		width, height: HEIGHT,
		cursor: { y: false, drag: { x: false, y: false } },
		legend: { show: false },
		scales: { x: { time: true, range: (u, low, high) => span(high) }, y: { range: (u, low,
			high) => [0, Math.max(least, high * 1.15)] } },
		axes: [
			{ ...axis, values: (u, ticks) => ticks.map((t) => clock(t * 1000)), size: 28, space:
				90 },
			{ ...axis, size: 78, space: 36, values: (u, ticks) => ticks.map(format) },
		],
		series: [{}, ...series.map((one, i) => ({
			label: one.label, stroke: colour(parent, `series-${i + 1}`), width: 2, points: { show:
				false },
			fill: one.fill ? colour(parent, `series-${i + 1}-soft`) : undefined,
			paths: one.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
		}))],
	};
}

// data: [times in s, values, values ...]; series: [{label, fill, stepped}]; format(value) -> words.
// The axis reaches up to `least` at least.
// words say what the chart shows to whom cannot see it.
export function Chart({ data, series, format, words, least = 1 }) {
	const place = useRef(null), plot = useRef(null);
	const latest = useRef(data);

	latest.current = data;
	useEffect(() => {
		const parent = place.current;
		const build = () => {
			if (plot.current)
				plot.current.destroy();
			plot.current = new uPlot(options(parent, parent.clientWidth, series, format, least),
				latest.current, parent);
		};
		const dark = matchMedia('(prefers-color-scheme: dark)');
		const sized = new ResizeObserver(() => plot.current &&
			plot.current.setSize({ width: parent.clientWidth, height: HEIGHT }));
		build();
		sized.observe(parent);
		dark.addEventListener('change', build);
		window.addEventListener('themechange', build);
		return () => {
			sized.disconnect();
			dark.removeEventListener('change', build);
			window.removeEventListener('themechange', build);
			plot.current.destroy();
			plot.current = null;
		};
	}, []);
	useEffect(() => {
		if (plot.current)
			plot.current.setData(data);
	}, [data]);
	return html`<figure class="chart">
		<div class="chart-place" ref=${place} aria-hidden="true"></div>
		<figcaption>${series.map((one, i) => html`<span class="key"><span
			class=${`swatch series-${i + 1}`} aria-hidden="true"></span>${one.label}</span>`)}
			<span class="unseen">${words}</span></figcaption>
	</figure>`;
}
