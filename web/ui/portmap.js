// ui/portmap.js - the passive range as stripes: a row of ports after the other, each port in the
// colour
// of what became of it; and the same as a table.
import { html } from '../lib.js';
import { Badge } from './status.js';
import { Table } from './table.js';
import { count } from '../words.js';

const STATES = [
	['open', 'ok', 'open', 'connections arrived'],
	['blocked', 'bad', 'blocked', 'offered, none ever came'],
	['mixed', 'warn', 'partly', 'some came, some did not'],
	['untried', 'idle', 'untried', 'never offered'],
];

// As many ports to a row as give some ten rows, in round numbers.
function portsPerRow(ports) {
	return [10, 50, 100, 500, 1000, 5000].find((n) => ports / n <= 21) || 5000;
}

function stateOf(port) {
	const isOpen = port.connected > 0, isBlocked = port.timed_out > 0;

	return isOpen && isBlocked ? 'mixed' : isOpen ? 'open' : isBlocked ? 'blocked' : 'untried';
}

// Neighbours of one state within first..last become one rectangle; untried ones are the ground.
function runsOf(states, first, last) {
	const runs = [];

	for (const [port, state] of states) {
		const run = runs.at(-1);
		if (port < first || port > last || state === 'untried')
			continue;
		if (run && run.last === port - 1 && run.state === state)
			run.last = port;
		else
			runs.push({ first: port, last: port, state });
	}
	return runs;
}

function Row({ from, to, last, states }) {
	const width = to - from + 1;
	const runs = runsOf(states, from, Math.min(to, last));

	return html`<div class="ports-row"><span>${from}</span>
		<svg class="ports" viewBox=${`0 0 ${width} 10`} preserveAspectRatio="none"
			shape-rendering="crispEdges"><rect width=${Math.min(to, last) - from + 1} height="10" />
			${runs.map((run) => html`<rect key=${run.first} class=${run.state}
				x=${run.first - from} height="10"
				width=${Math.max(run.last - run.first + 1,
					width / 400)}><title>${run.first === run.last
					? run.first : `${run.first}–${run.last}`}: ${run.state}</title></rect>`)}
		</svg></div>`;
}

export function PortMap({ map }) {
	const perRow = portsPerRow(map.last - map.first + 1);
	const states = map.ports.map((port) => [port.port, stateOf(port)]).sort((a, b) => a[0] - b[0]);
	const rows = [];

	for (let from = map.first; from <= map.last; from += perRow)
		rows.push(from);
	const tried = map.summary.filter((range) => range.state !== 'untried');
	return html`<div class="stack">
		<div class="ports-rows" role="img" aria-label=${`Map of the
			ports ${map.first} to ${map.last}; the table
			below says the same in words`}>
			${rows.map((from) => html`<${Row} key=${from} from=${from} to=${from + perRow - 1}
				last=${map.last}
				states=${states} />`)}</div>
		<p class="legend">${STATES.map(([state, , words, meaning]) => html`<span key=${state}><span
			class=${`swatch ${state}`}></span>${words}: ${meaning}</span>`)}</p>
		<${Table} caption="Ranges that were tried" showCaption rows=${tried} keyOf=${(r) => r.first}
			empty="No passive port has been offered to a client yet." columns=${[
				{ title: 'Ports', head: true, cell: (r) => r.first === r.last ? r.first
					: `${r.first}–${r.last}` },
				{ title: 'State', cell: (r) => {
					const [, kind, words] = STATES.find(([state]) => state === r.state) ||
						STATES[3];
					return html`<${Badge} kind=${kind}>${words}<//>`;
				} },
				{ title: 'Offered', num: true, cell: (r) => count(sum(map, r, 'offered')) },
				{ title: 'Arrived', num: true, cell: (r) => count(sum(map, r, 'connected')) },
				{ title: 'Never came', num: true, cell: (r) => count(sum(map, r, 'timed_out')) },
			]} /></div>`;
}

function sum(map, range, member) {
	return map.ports.reduce((total, port) => total + (port.port >= range.first &&
		port.port <= range.last
		? port[member] || 0 : 0), 0);
}
