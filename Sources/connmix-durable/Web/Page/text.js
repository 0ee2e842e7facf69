// What is shown of texts, times and numbers. Pure: nothing here knows the page.

/// JSON with a line for each value, character by character: no value is read as a number, for a browser's are shorter than connmix's.
export function pretty(json) {
  let out = '';
  let depth = 0;
  let inString = false;
  const line = () => '\n' + '  '.repeat(Math.min(depth, 20));
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (inString) {
      out += c;
      if (c === '\\') out += json[++i] ?? '';
      else if (c === '"') inString = false;
    } else if (c === '"') {
      inString = true;
      out += c;
    } else if (c === '{' || c === '[') {
      const rest = json.slice(i + 1).match(/^\s*([}\]])/);
      if (rest) {
        out += c + rest[1];
        i += rest[0].length;
      } else {
        depth++;
        out += c + line();
      }
    } else if (c === '}' || c === ']') {
      depth = Math.max(0, depth - 1);
      out += line() + c;
    } else if (c === ',') {
      out += c + line();
    } else if (c === ':') {
      out += ': ';
    } else if (!/\s/.test(c)) {
      out += c;
    }
  }
  return out;
}

/// Whether a text is JSON that has parts, and is worth a line for each.
export function isStructured(text) {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/// How characters are shown that change how others are read, or that nobody sees.
export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu,
    (c) => c.length > 1 ? `\\u{${c.codePointAt(0).toString(16)}}` : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/// `3m`, `2h`, `5d`: as on the command line.
export function age(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return '';
  const s = Math.max(0, seconds);
  if (s < 1) return `${Math.round(s * 1000)}ms`;
  if (s < 60) return `${Math.floor(s)}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  if (s < 86400) return `${Math.floor(s / 3600)}h`;
  return `${Math.floor(s / 86400)}d`;
}

/// From a time as the console's JSON has it until now, which is the server's: the browser's clock may be wrong.
export function ageOf(time, now) {
  return time === null || time === undefined ? '' : age((now - Date.parse(time)) / 1000);
}

export function count(number) {
  return number === null || number === undefined ? '' : number.toLocaleString('en-US');
}

export function bytes(number) {
  if (number === null || number === undefined) return '';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = number;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function rate(number) {
  if (number === null || number === undefined) return '–';
  if (number === 0) return '0';
  return number < 10 ? number.toFixed(1) : count(Math.round(number));
}

/// The points of a line through values, for a picture of a width and a height; the highest value touches the top.
export function points(values, width, height, most) {
  const top = Math.max(most ?? 0, ...values, 1e-9);
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  return values.map((value, i) => `${(i * step).toFixed(1)},${(height - (value / top) * height).toFixed(1)}`).join(' ');
}
