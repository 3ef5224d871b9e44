// live.js - what the manager tells as it happens: one EventSource for all that the page wants to
// hear.
//
// A browser opens few connections to one server, and the manager serves few streams; so there is
// one
// at a time, opened anew when the wanted topics change.
import { useEffect, useRef, useState } from './lib.js';
import { urlOf } from './api.js';

const RETRY_FIRST_MS = 1000;
const RETRY_MOST_MS = 30000;

const wanted = new Map(); // topic -> Set of functions
const watchers = new Set(); // hear whether the connection stands
let source = null;
let opened = '';
let retry = 0;
let retryMs = RETRY_FIRST_MS;
let settle = 0;
let isUp = false;

function tellState(state) {
	isUp = state;
	for (const watcher of watchers)
		watcher(isUp);
}

function close() {
	if (source)
		source.close();
	source = null;
	opened = '';
	clearTimeout(retry);
}

function deliver(topic, event) {
	let data;

	try {
		data = JSON.parse(event.data);
	} catch {
		return; // not for us
	}
	for (const hear of wanted.get(topic) || [])
		hear(data);
}

function open() {
	const topics = [...wanted.keys()].sort().join(',');

	if (topics === opened)
		return;
	close();
	if (!topics)
		return;
	opened = topics;
	source = new EventSource(urlOf('/stream', { topics }));
	for (const topic of wanted.keys())
		source.addEventListener(topic, (event) => deliver(topic, event));
	source.onopen = () => {
		retryMs = RETRY_FIRST_MS;
		tellState(true);
	};
	source.onerror = () => {
		tellState(false);
		// The browser tries again by itself after a broken connection, not after a refusal.
		if (source && source.readyState === EventSource.CLOSED) {
			close();
			retry = setTimeout(open, retryMs);
			retryMs = Math.min(2 * retryMs, RETRY_MOST_MS);
		}
	};
}

// One change of page drops topics and takes others: the stream is opened once for all of it.
function changed() {
	clearTimeout(settle);
	settle = setTimeout(open, 20);
}

export function listen(topic, hear) {
	if (!wanted.has(topic))
		wanted.set(topic, new Set());
	wanted.get(topic).add(hear);
	changed();
	return () => {
		const all = wanted.get(topic);
		all.delete(hear);
		if (all.size === 0)
			wanted.delete(topic);
		changed();
	};
}

// Calls hear(data) for each message of the topic while the component is there; topic null: none.
export function useTopic(topic, hear) {
	const latest = useRef(hear);

	latest.current = hear;
	useEffect(() => topic ? listen(topic, (data) => latest.current(data)) : undefined, [topic]);
}

export function useIsLive() {
	const [state, setState] = useState(isUp);

	useEffect(() => {
		watchers.add(setState);
		return () => watchers.delete(setState);
	}, []);
	return state;
}

// Calls work at most once in `ms` however often it is asked to, the last time included.
export function useSlowly(work, ms) {
	const state = useRef({ timer: 0, last: 0 });
	const latest = useRef(work);

	latest.current = work;
	useEffect(() => () => clearTimeout(state.current.timer), []);
	return () => {
		const s = state.current;
		if (s.timer)
			return;
		s.timer = setTimeout(() => {
			s.timer = 0;
			s.last = Date.now();
			latest.current();
		}, Math.max(0, s.last + ms - Date.now()));
	};
}
