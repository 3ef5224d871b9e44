// lib.js - the one place that knows where the libraries lie.
import { h, render, Fragment, createContext } from './vendor/preact.js';
import {
	useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useContext,
		useErrorBoundary,
	useId,
} from './vendor/hooks.js';
import htm from './vendor/htm.js';

const html = htm.bind(h);

export {
	html, h, render, Fragment, createContext, useState, useEffect, useLayoutEffect, useMemo, useRef,
	useCallback, useContext, useErrorBoundary, useId,
};
