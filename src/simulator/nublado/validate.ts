/**
 * Parses the body of a create into a specification, or into the errors of a 422, worded as FastAPI and Pydantic do.
 *
 * Owns the shape of the request and the order of its checks. routes.ts checks whether the image and the size exist, and
 * whether the user may have them.
 */
import type { ImageRequest } from './images.js';
import type { ValidationError } from './refusals.js';

export interface Specification {
  image: ImageRequest;
  size: string;
  enable_debug: boolean;
  reset_user_env: boolean;
  env: Readonly<Record<string, string>>;
}

type Fields = Record<string, unknown>;
type Loc = ValidationError['loc'];

// The controller's own lists, deliberately not the client's. The site decides which of these sizes and images exist.
const sizeNames = 'fine diminutive tiny small medium large huge gargantuan colossal custom'.split(' ');
const imageClasses = ['recommended', 'latest-release', 'latest-weekly', 'latest-daily'];
const imageOptions = ['image_list', 'image_dropdown', 'image_class', 'image_tag'] as const;
/** The value of the form's radio button for its drop-down list. */
const dropdownSentinel = 'use_image_from_dropdown';

/** The value in the body: undefined if empty, text if the content type is not JSON. */
export function parseBody(
  body: string,
  contentType: string | undefined,
): { value: unknown } | { errors: ValidationError[] } {
  if (body === '') return { value: undefined };
  if (!/^application\/(?:[^;]+\+)?json\s*(?:;|$)/i.test(contentType ?? '')) return { value: body };
  try {
    return { value: JSON.parse(body) as unknown };
  } catch {
    // Python reports what it expected and where. Only its two most common errors are distinguished here.
    const brace = /^\s*\{\s*/.exec(body);
    const expected = brace ? 'property name enclosed in double quotes' : 'value';
    return {
      errors: [
        {
          ...{
            type: 'json_invalid',
            loc: ['body', brace?.[0].length ?? 0],
            msg: 'JSON decode error',
            input: {},
          },
          ctx: { error: `Expecting ${expected}` },
        },
      ],
    };
  }
}

export function validateCreate(value: unknown): { spec: Specification } | { errors: ValidationError[] } {
  if (value === undefined || value === null) return { errors: [missing(['body'], null)] };
  if (!isFields(value)) return { errors: [notAnObject(['body'], value)] };
  const errors: ValidationError[] = [];
  const options =
    'options' in value
      ? validateOptions(value['options'], errors)
      : refuse(errors, missing(['body', 'options'], value));
  const env =
    'env' in value ? validateEnv(value['env'], errors) : refuse(errors, missing(['body', 'env'], value));
  return options && env && errors.length === 0 ? { spec: { ...options, env } } : { errors };
}

function validateOptions(given: unknown, errors: ValidationError[]): Omit<Specification, 'env'> | null {
  const loc: Loc = ['body', 'options'];
  if (!isFields(given)) return refuse(errors, notAnObject(loc, given));
  const options: Fields = {};
  for (const [key, value] of Object.entries(given)) {
    // JupyterHub forwards its form unchanged: every value is a list with one item.
    if (value === null || (Array.isArray(value) && value.length === 0)) continue;
    if (Array.isArray(value) && value.length > 1) {
      return refuse(errors, valueError(loc, `Too many values for ${key}`, given));
    }
    options[key] = Array.isArray(value) ? (value as unknown[])[0] : value;
  }

  const before = errors.length;
  const at = (field: string): Loc => [...loc, field];
  let size = '';
  if (!('size' in options)) {
    errors.push(missing(at('size'), options));
  } else {
    const lower = typeof options['size'] === 'string' ? options['size'].toLowerCase() : options['size'];
    size = oneOf(sizeNames, lower, at('size'), errors);
  }
  const flag = (field: string): boolean => {
    const value = options[field] ?? false;
    if (value === true || value === 'true') return true;
    if (value !== false && value !== 'false') {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      errors.push(valueError(at(field), `Invalid boolean value ${text}`, value));
    }
    return false;
  };
  const enable_debug = flag('enable_debug');
  const reset_user_env = flag('reset_user_env');
  const named = new Map<ImageRequest['option'], string>();
  for (const option of imageOptions) {
    const value = options[option];
    if (value === undefined) continue;
    if (option === 'image_class') named.set(option, oneOf(imageClasses, value, at(option), errors));
    else if (typeof value === 'string') named.set(option, value);
    else errors.push(notAString(at(option), value));
  }
  if (errors.length > before) return null;

  if (named.get('image_list') === dropdownSentinel) named.delete('image_list');
  // The form sends the drop-down's value even if a radio button was chosen.
  if (named.get('image_list')) named.delete('image_dropdown');
  const chosen = imageOptions.flatMap((option) => {
    const value = named.get(option);
    return value ? [{ option, value }] : [];
  });
  const [image] = chosen;
  if (image === undefined) return refuse(errors, valueError(loc, 'No image to spawn specified', given));
  if (chosen.length > 1) {
    const ways = chosen.map(({ option }) => option).sort();
    return refuse(errors, valueError(loc, `Image specified multiple ways (${ways.join(', ')})`, given));
  }
  return { image, size, enable_debug, reset_user_env };
}

function validateEnv(given: unknown, errors: ValidationError[]): Record<string, string> | null {
  const loc: Loc = ['body', 'env'];
  if (!isFields(given)) {
    return refuse(errors, {
      type: 'dict_type',
      loc,
      msg: 'Input should be a valid dictionary',
      input: given,
    });
  }
  const env: Record<string, string> = {};
  const before = errors.length;
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === 'string') env[key] = value;
    else errors.push(notAString([...loc, key], value));
  }
  if (errors.length > before) return null;
  if (!('JUPYTERHUB_SERVICE_PREFIX' in env)) {
    return refuse(errors, valueError(loc, 'JUPYTERHUB_SERVICE_PREFIX must be set', given));
  }
  return env;
}

function oneOf(names: readonly string[], value: unknown, loc: Loc, errors: ValidationError[]): string {
  if (typeof value === 'string' && names.includes(value)) return value;
  const quoted = names.map((name) => `'${name}'`);
  const expected = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`;
  errors.push({ type: 'enum', loc, msg: `Input should be ${expected}`, input: value, ctx: { expected } });
  return '';
}

function refuse(errors: ValidationError[], error: ValidationError): null {
  errors.push(error);
  return null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function missing(loc: Loc, input: unknown): ValidationError {
  return { type: 'missing', loc, msg: 'Field required', input };
}

function notAnObject(loc: Loc, input: unknown): ValidationError {
  const msg = 'Input should be a valid dictionary or object to extract fields from';
  return { type: 'model_attributes_type', loc, msg, input };
}

function notAString(loc: Loc, input: unknown): ValidationError {
  return { type: 'string_type', loc, msg: 'Input should be a valid string', input };
}

function valueError(loc: Loc, message: string, input: unknown): ValidationError {
  return { type: 'value_error', loc, msg: `Value error, ${message}`, input, ctx: { error: {} } };
}
