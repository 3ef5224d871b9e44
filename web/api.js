// api.js - requests to the manager: JSON in and out, the CSRF token, ETags, problem details.
import { useState, useEffect, useCallback, useRef } from './lib.js';

const BASE = '/api/v1';
const PATIENCE_MS = 60000;

// What the manager says about a request that it refuses (RFC 9457). field: which input is wrong.
export class Problem extends Error {
	constructor(status, body) {
		super(body.detail || body.title || `The server answered ${status}.`);
		this.status = status;
		this.field = body.field || null;
		this.body = body;
	}
}

// The person who is logged in: {name, role, csrf, totp, via}, or null. Listeners hear of changes.
let person = null;
const listeners = new Set();

// Whether this browser was logged in when it was last here. Who was not is not asked for a session:
// the refusal would stand as an error in the console of everybody who opens the page.
const KNOWN = 'sallyport-known';

function remember(isKnown) {
	try {
		if (isKnown)
			localStorage.setItem(KNOWN, 'yes');
		else
			localStorage.removeItem(KNOWN);
	} catch {
		// Without storage the session is asked for each time.
	}
}

export function mayBeLoggedIn() {
	try {
		return localStorage.getItem(KNOWN) !== null;
	} catch {
		return true;
	}
}

export function setPerson(next) {
	person = next;
	remember(person !== null);
	for (const listener of listeners)
		listener(person);
}

export function usePerson() {
	const [value, setValue] = useState(person);

	useEffect(() => {
		listeners.add(setValue);
		setValue(person);
		return () => listeners.delete(setValue);
	}, []);
	return value;
}

const RANK = { 'read-only': 0, operator: 1, owner: 2 };

// May the person who is logged in do what this role may?
export function may(role) {
	return Boolean(person) && RANK[person.role] >= RANK[role];
}

const tags = new WeakMap();

// The ETag that came with an answer, to be given back as `match` when it is changed.
export function tagOf(answer) {
	return answer && typeof answer === 'object' ? tags.get(answer) : undefined;
}

// For a change that is meant whatever the state is, such as a switch that is turned.
export const ANY = '*';

// A path of which each value is escaped: at`/users/${name}`.
export function at(strings, ...values) {
	return strings.reduce((path, part, i) =>
		path + part + (i < values.length ? encodeURIComponent(values[i]) : ''), '');
}

export function queryText(params) {
	const query = new URLSearchParams();

	for (const [name, value] of Object.entries(params || {}))
		if (value !== undefined && value !== null && value !== '')
			query.set(name, value);
	const text = query.toString();
	return text ? `?${text}` : '';
}

export function urlOf(path, params) {
	return BASE + path + queryText(params);
}

async function readBody(response) {
	const type = response.headers.get('content-type') || '';

	if (response.status === 204 || response.status === 205)
		return null;
	if (!/json/.test(type))
		return response.text();
	try {
		return await response.json();
	} catch {
		return null; // 202 without a body says that it is JSON, too
	}
}

async function request(method, path, { params, body, match, type, signal } = {}) {
	const headers = { Accept: 'application/json, text/plain;q=0.9, */*;q=0.5' };
	const isText = typeof body === 'string';
	let response;

	if (body !== undefined)
		headers['Content-Type'] = type || (isText ? 'text/plain' : 'application/json');
	if (method !== 'GET' && person && person.csrf)
		headers['X-CSRF-Token'] = person.csrf;
	if (match)
		headers['If-Match'] = match;
	try {
		response = await fetch(urlOf(path, params), {
			method, headers, credentials: 'same-origin',
			body: body === undefined || isText ? body : JSON.stringify(body),
			signal: signal || AbortSignal.timeout(PATIENCE_MS),
		});
	} catch (error) {
		if (error.name === 'AbortError')
			throw error;
		throw new Problem(0, {
			detail: 'The server cannot be reached. Look whether sallyportd runs, then try again.',
		});
	}
	const answer = await readBody(response);
	if (!response.ok) {
		if (response.status === 401 && person && !path.startsWith('/auth/'))
			setPerson(null); // the session has ended: the login page comes up
		throw problemOf(response, answer);
	}
	const tag = response.headers.get('etag');
	if (tag && answer && typeof answer === 'object')
		tags.set(answer, tag);
	return answer;
}

function problemOf(response, answer) {
	const body = answer && typeof answer === 'object' ? { ...answer } : { detail: answer };

	if (response.status === 412)
		body.detail = 'Somebody else has changed this meanwhile. Load the page again to see it, ' +
			'then make your change once more.';
	if (response.status === 429) {
		const seconds = Number(response.headers.get('retry-after')) || 60;
		body.detail = `${body.detail || 'Too many attempts.'} Try again in ${seconds} s.`;
	}
	return new Problem(response.status, body);
}

export const api = {
	get: (path, params, options) => request('GET', path, { params, ...options }),
	post: (path, body, options) => request('POST', path, { body, ...options }),
	put: (path, body, options) => request('PUT', path, { body, ...options }),
	patch: (path, body, options) => request('PATCH', path, { body, ...options }),
	remove: (path, body, options) => request('DELETE', path, { body, ...options }),
};

// The answer to GET path, fetched again when path or params change, and each `every` ms if given.
// path null: nothing is asked. {data, error, isLoading, reload, setData}.
export function useResource(path, params, { every } = {}) {
	const [state, setState] = useState({ data: null, error: null, isLoading: true });
	const key = path === null ? null : path + queryText(params);
	const current = useRef(null);

	const load = useCallback(async () => {
		if (key === null)
			return;
		const mine = {};
		current.current = mine;
		try {
			const data = await request('GET', key, {});
			if (current.current === mine)
				setState({ data, error: null, isLoading: false });
		} catch (error) {
			if (current.current === mine)
				setState((old) => ({ ...old, error, isLoading: false }));
		}
	}, [key]);

	useEffect(() => {
		setState({ data: null, error: null, isLoading: key !== null });
		load();
		const timer = every && key !== null ? setInterval(load, every) : 0;
		return () => {
			current.current = null;
			clearInterval(timer);
		};
	}, [key, every]);
	const setData = useCallback((data) => setState({ data, error: null, isLoading: false }), []);
	return { ...state, reload: load, setData };
}

// A list that comes in pages: what has been loaded so far, and how to get more. name is the member
// of the answer that holds the rows.
export function usePaged(path, name, params) {
	const [state, setState] = useState({ rows: [], next: null, total: null, isLoading: true });
	const key = path === null ? null : path + queryText(params);
	const current = useRef(0);

	const load = useCallback(async (after, before) => {
		const mine = ++current.current;
		setState((old) => ({ ...old, isLoading: true }));
		try {
			const answer = await request('GET', path, { params: { limit: 100, ...params, after } });
			if (current.current !== mine)
				return;
			const page = Array.isArray(answer) ? answer : answer[name] || [];
			setState({
				rows: before.concat(page), next: answer.next ?? null, total: answer.total ?? null,
				error: null, isLoading: false,
			});
		} catch (error) {
			if (current.current === mine)
				setState((old) => ({ ...old, error, isLoading: false }));
		}
	}, [key]);

	useEffect(() => {
		if (key !== null)
			load(undefined, []);
		return () => { current.current++; };
	}, [key]);
	return {
		...state,
		more: () => load(state.next, state.rows),
		reload: () => load(undefined, []),
		setRows: (change) => setState((old) => ({ ...old, rows: change(old.rows) })),
	};
}
