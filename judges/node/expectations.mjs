// What a journey's step says of a result: references to earlier results, paths into it, and matchers.

import { isDeepStrictEqual } from 'node:util';

/** A result is not what its step expects. */
export class Unmet extends Error {}

/** Return a value with each `${name.path}` replaced; a text that is one reference becomes what it names. */
export function resolve(value, names) {
  if (Array.isArray(value)) return value.map((it) => resolve(it, names));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, resolve(it, names)]));
  }
  if (typeof value !== 'string') return value;
  const whole = /^\$\{([^}]+)\}$/.exec(value);
  return whole ? named(whole[1], names) : value.replace(/\$\{([^}]+)\}/g, (_, path) => named(path, names));
}

function named(path, names) {
  const found = valueAt(path, names);
  if (found === undefined) throw new Unmet(`the journey names ${path}, which is not there`);
  return found;
}

/** Return what stands at a dotted path; `*` stands for each item of a list, and makes a list. */
export function valueAt(path, value) {
  if (path === '') return value;
  const [head, ...rest] = path.split('.');
  if (head === '*') return value.map((it) => valueAt(rest.join('.'), it));
  return value === null || value === undefined ? undefined : valueAt(rest.join('.'), value[head]);
}

/** Hold a result against what is expected at each path, or throw `Unmet`. */
export function hold(result, expected) {
  for (const [path, wanted] of Object.entries(expected)) {
    const got = valueAt(path, result);
    if (!matches(got, wanted)) {
      const shown = got === undefined ? 'nothing' : JSON.stringify(got);
      throw new Unmet(`${path} should be ${JSON.stringify(wanted)} and is ${shown}`);
    }
  }
}

const MATCHERS = {
  $present: (got) => got !== null,
  $starts: (got, text) => typeof got === 'string' && got.startsWith(text),
  $at_least: (got, least) => got >= least,
  $length: (got, length) => got.length === length,
  $contains: (got, item) => got.some((it) => isDeepStrictEqual(it, item)),
  $any_order: (got, items) => isDeepStrictEqual(canonical(got), canonical(items)),
};

function matches(got, wanted) {
  const [name, argument] = (wanted !== null && typeof wanted === 'object' && Object.entries(wanted)[0]) || [];
  if (name === '$absent') return got === undefined;
  if (got === undefined) return false;
  return name in MATCHERS ? MATCHERS[name](got, argument) : isDeepStrictEqual(got, wanted);
}

const canonical = (items) => items.map((it) => JSON.stringify(it)).sort();
