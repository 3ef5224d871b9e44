// words.js - numbers and times as people read them, and sizes and times as they type them.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function bytes(n) {
	let unit = 0;

	if (n === null || n === undefined)
		return '–';
	while (n >= 1024 && unit < UNITS.length - 1) {
		n /= 1024;
		unit++;
	}
	return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${UNITS[unit]}`;
}

export function rate(n) {
	return n === null || n === undefined ? '–' : `${bytes(n)}/s`;
}

export function count(n) {
	return n === null || n === undefined ? '–' : Number(n).toLocaleString('en-US');
}

// plural(2, 'session'): "2 sessions".
export function plural(n, one, many = `${one}s`) {
	return `${count(n)} ${n === 1 ? one : many}`;
}

export function seconds(s) {
	if (s === null || s === undefined)
		return '–';
	if (s < 1)
		return `${Math.round(s * 1000)} ms`;
	if (s < 60)
		return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
	return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

function two(n) {
	return String(n).padStart(2, '0');
}

export function day(text) {
	const t = new Date(text);

	return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
}

export function clock(text) {
	const t = new Date(text);

	return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

// In the time zone of the reader.
export function moment(text) {
	return text ? `${day(text)} ${clock(text)}` : '–';
}

// "3 min ago", "in 5 d"; the exact moment belongs into a title beside it.
export function ago(text, now = Date.now()) {
	if (!text)
		return 'never';
	const s = (now - new Date(text)) / 1000;
	const size = Math.abs(s);
	const words = size < 60 ? `${Math.round(size)} s`
		: size < 3600 ? `${Math.round(size / 60)} min`
			: size < 86400 ? `${Math.round(size / 3600)} h` : `${Math.round(size / 86400)} d`;

	if (size < 5)
		return 'now';
	return s >= 0 ? `${words} ago` : `in ${words}`;
}

// "10G", "500 MiB", "1,5 T" -> bytes; "" -> null; NaN: not a size.
export function readSize(text) {
	const found = /^([0-9]+(?:[.,][0-9]+)?)\s*([KMGTP]?)(?:i?B)?$/i.exec(text.trim());

	if (!text.trim())
		return null;
	if (!found)
		return NaN;
	return Math.round(parseFloat(found[1].replace(',', '.')) * 1024 ** ' KMGTP'.indexOf(
		(found[2] || ' ').toUpperCase()));
}

// The shortest text that readSize reads back: "10G", "1536K", "1000".
export function writeSize(n) {
	let unit = 0;

	if (n === null || n === undefined)
		return '';
	while (n > 0 && n % 1024 === 0 && unit < 5) {
		n /= 1024;
		unit++;
	}
	return `${n}${' KMGTP'[unit].trim()}`;
}

// Between the API's UTC text and what <input type="datetime-local"> holds.
export function toLocalInput(text) {
	return text ? `${day(text)}T${clock(text).slice(0, 5)}` : '';
}

export function fromLocalInput(text) {
	return text ? new Date(text).toISOString().replace(/\.\d+Z$/, 'Z') : null;
}
