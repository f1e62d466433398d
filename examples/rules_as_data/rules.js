// Runs rules as data in a browser, as `diddo_rules.declarative` does on the server: `findings(rules, cart)`.
//
// A cart is what the Diddo API answers with, a rule what `diddo rules export` prints. Only rules run here that the
// server could load, so nothing is checked again: an expression that fails throws, and the server reports a crash.

const isList = Array.isArray;
const isRecord = (value) => value !== null && typeof value === "object" && !isList(value);

class LogicError extends Error {}

/** Returns the value of a JSON-logic expression; `data` is an object with the parts that its `var`s name. */
export function evaluate(logic, data) {
  if (isList(logic)) return logic.map((item) => evaluate(item, data));
  if (!isRecord(logic)) return logic;
  const [[operator, given]] = Object.entries(logic);
  const inputs = isList(given) ? given : [given];
  if (operator in lazy) return lazy[operator](inputs, data);
  return eager[operator](...inputs.map((input) => evaluate(input, data)));
}

/** Whether a value counts as true: nothing that is empty does, and neither does 0. */
export function truthy(value) {
  if (isList(value)) return value.length > 0;
  return isRecord(value) ? Object.keys(value).length > 0 : Boolean(value);
}

const lazy = {
  var: ([name], data) => valueAt(evaluate(name, data), data),
  and: (inputs, data) => firstOf(inputs, data, (value) => !truthy(value)),
  or: (inputs, data) => firstOf(inputs, data, truthy),
  if: (inputs, data) => {
    for (let index = 0; index + 1 < inputs.length; index += 2) {
      if (truthy(evaluate(inputs[index], data))) return evaluate(inputs[index + 1], data);
    }
    return inputs.length % 2 ? evaluate(inputs.at(-1), data) : null;
  },
  map: ([source, inner], data) => items(source, data).map((item) => evaluate(inner, item)),
  filter: ([source, inner], data) => items(source, data).filter((item) => truthy(evaluate(inner, item))),
  some: ([source, inner], data) => items(source, data).some((item) => truthy(evaluate(inner, item))),
  none: ([source, inner], data) => !items(source, data).some((item) => truthy(evaluate(inner, item))),
  all: ([source, inner], data) => {
    const found = items(source, data);
    return found.length > 0 && found.every((item) => truthy(evaluate(inner, item)));
  },
  "<": (inputs, data) => ascends(inputs, data, (gap) => gap < 0),
  "<=": (inputs, data) => ascends(inputs, data, (gap) => gap <= 0),
  reduce: ([source, inner, start], data) =>
    items(source, data).reduce(
      (accumulator, current) => evaluate(inner, { current, accumulator }),
      evaluate(start, data),
    ),
};

const eager = {
  "===": same,
  "!==": (left, right) => !same(left, right),
  ">": (left, right) => order(left, right) > 0,
  ">=": (left, right) => order(left, right) >= 0,
  "!": (value) => !truthy(value),
  "!!": truthy,
  "+": (...values) => spread(values).reduce((sum, value) => sum + number(value), 0),
  "*": (...values) => spread(values).reduce((product, value) => product * number(value), 1),
  "-": (left, right) => number(left) - number(right),
  "/": (left, right) => number(left) / divisor(right),
  "%": (left, right) => number(left) % divisor(right),
  max: (...values) => Math.max(...numbers(values)),
  min: (...values) => Math.min(...numbers(values)),
  cat: (...values) => values.flat().map(asText).join(""),
  in: (needle, hay) => {
    if (typeof hay === "string") return typeof needle === "string" && hay.includes(needle);
    return isList(hay) && hay.some((item) => same(item, needle));
  },
};

function valueAt(name, data) {
  if (name === "") return data;
  const found = name.split(".").reduce((value, step) => (isRecord(value) || isList(value) ? value[step] : null), data);
  return found ?? null;
}

function firstOf(inputs, data, wanted) {
  let value = null;
  for (const input of inputs) {
    value = evaluate(input, data);
    if (wanted(value)) break;
  }
  return value;
}

function items(source, data) {
  const value = evaluate(source, data);
  if (value === null) return [];
  return isList(value) ? value : [value];
}

function same(left, right) {
  if (isList(left) && isList(right)) return left.length === right.length && left.every((it, at) => same(it, right[at]));
  if (isRecord(left) && isRecord(right)) return JSON.stringify(left) === JSON.stringify(right);
  return left === right;
}

/** Whether each value stands in order to the one before; those behind the first that does not are not evaluated. */
function ascends([first, ...rest], data, wanted) {
  let before = evaluate(first, data);
  return rest.every((input) => {
    const left = before;
    before = evaluate(input, data);
    return wanted(order(left, before));
  });
}

/** Less than 0, 0 or more than 0; NaN if there is no order. Two texts are compared by their characters. */
function order(left, right) {
  if (typeof left === "string" && typeof right === "string") return textOrder([...left], [...right]);
  const lenient = [left, right].some((value) => value === null || typeof value === "boolean");
  return number(left, lenient) - number(right, lenient);
}

function textOrder(left, right) {
  const at = left.findIndex((char, index) => char !== right[index]);
  if (at === -1 || at >= right.length) return left.length - right.length;
  return left[at].codePointAt(0) - right[at].codePointAt(0);
}

/** A value as a number: null and the empty text are 0, true is 1; what is none is an error, or NaN if `lenient`. */
function number(value, lenient = false) {
  if (value === null || value === "") return 0;
  if (typeof value === "boolean" || typeof value === "number") return Number(value);
  if (typeof value === "string" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return Number(value);
  if (lenient && typeof value === "string") return NaN;
  throw new LogicError(`${JSON.stringify(value)} is no number`);
}

function divisor(value) {
  const found = number(value);
  if (found === 0) throw new LogicError("nothing can be divided by 0");
  return found;
}

function numbers(values) {
  const found = spread(values);
  if (!found.length || found.some((value) => typeof value !== "number")) throw new LogicError("these are not all numbers");
  return found;
}

/** A lone list stands for its members. */
function spread(values) {
  return values.length === 1 && isList(values[0]) ? values[0] : values;
}

function asText(value) {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * What the rules find in a cart: code, status, severity, pointer, message, remedy and facts, in the rules' order.
 * A rule has nothing to say once a code was found that it `requires`; `before` and `after` are left to the server.
 */
export function findings(rules, cart, language = "") {
  const told = [];
  for (const rule of [...rules].sort(byPriority)) {
    if (told.some(({ code }) => rule.requires?.includes(code))) continue;
    told.push(...places(rule, cart).flatMap((place) => found(rule, place, language)));
  }
  return told;
}

function byPriority(left, right) {
  const gap = (left.priority ?? 1000) - (right.priority ?? 1000);
  return gap || (left.code < right.code ? -1 : 1);
}

function found(rule, place, language) {
  if (!truthy(evaluate(rule.when, place.data))) return [];
  const facts = Object.entries(rule.facts ?? {}).map(([name, logic]) => [name, evaluate(logic, place.data) ?? ""]);
  const { cart, store, line, ...counted } = place.data;
  const known = { ...Object.fromEntries(facts), ...counted };
  const said = texts(rule, language);
  return [
    {
      code: rule.code,
      http_status: rule.http_status,
      severity: rule.severity ?? "error",
      pointer: [...place.path, ...existing(place.record, rule.at ?? "")].map((step) => `/${step}`).join(""),
      message: filled(said.message, known),
      remedy: said.remedy,
      facts: known,
    },
  ];
}

function places(rule, cart) {
  if (!rule.for_each) return [{ path: [], record: cart, data: { cart } }];
  const stores = cart.stores.map((store, index) => ({
    path: ["stores", index],
    record: store,
    data: { cart, store, store_number: index + 1 },
  }));
  if (rule.for_each === "stores") return stores;
  return stores.flatMap(({ path, record, data }) =>
    record.cart_lines.map((line, index) => ({
      path: [...path, "cart_lines", index],
      record: line,
      data: { ...data, line, line_number: index + 1 },
    })),
  );
}

/** As much of the place at fault as there is: nothing is below what is null. */
function existing(record, at) {
  const steps = at.split("/").slice(1);
  let value = record;
  for (let length = 1; length < steps.length; length += 1) {
    value = value[steps[length - 1]] ?? null;
    if (value === null) return steps.slice(0, length);
  }
  return steps;
}

/** The rule's texts in a language, `pt-BR` falling back to `pt` and that to English. */
function texts(rule, language) {
  for (let tag = language; tag; tag = tag.slice(0, Math.max(tag.lastIndexOf("-"), 0))) {
    if (rule.translations?.[tag]) return rule.translations[tag];
  }
  return rule;
}

function filled(template, facts) {
  return template.replace(/\{\{|\}\}|\{(\w+)\}/gu, (match, name) => {
    if (name === undefined) return match[0];
    return facts[name]?.display_value ?? String(facts[name]);
  });
}
