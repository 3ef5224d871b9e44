// route.js - where the page is: the hash of the address, as in #/users/alice?tab=limits.
import { useEffect, useState } from './lib.js';
import { queryText } from './api.js';

export function readRoute(hash) {
	const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
	const parts = path.split('/').filter(Boolean).map((part) => {
		try {
			return decodeURIComponent(part);
		} catch {
			return part;
		}
	});

	return { page: parts[0] || 'overview', parts, query: Object.fromEntries(new
		URLSearchParams(query)) };
}

// hrefTo('users', 'alice'): "#/users/alice"; a last object becomes the query.
export function hrefTo(...parts) {
	const query = typeof parts.at(-1) === 'object' ? parts.pop() : null;

	return '#/' + parts.map(encodeURIComponent).join('/') + queryText(query);
}

export function go(...parts) {
	location.hash = hrefTo(...parts);
}

export function useRoute() {
	const [route, setRoute] = useState(() => readRoute(location.hash));

	useEffect(() => {
		const follow = () => setRoute(readRoute(location.hash));
		window.addEventListener('hashchange', follow);
		return () => window.removeEventListener('hashchange', follow);
	}, []);
	return route;
}
