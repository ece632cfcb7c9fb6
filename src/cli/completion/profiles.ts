/**
 * The names of the profiles, read by the shells themselves: starting `lab` for each Tab would be slow, and the `lab` in
 * PATH may be another program.
 *
 * Owns where the shells find the file and how awk reads it; what the file may contain is decided in config/profile.ts.
 */

/** The file, below $XDG_CONFIG_HOME or ~/.config. */
export const profilesFile = 'nublado-lab/config.json';

/**
 * An awk program that prints the profile names in the file, one a line. POSIX awk, no single quotes.
 *
 * The names are the keys of the object `profiles`, which is the only object at that depth. Tokens of JSON never span
 * lines. Only valid profile names are printed, regardless of the file's content, so they are safe to complete.
 */
export const profileNames = `{
    rest = $0
    while (match(rest, /"([^"\\\\]|\\\\.)*"|[][{}]/)) {
      token = substr(rest, RSTART, RLENGTH)
      rest = substr(rest, RSTART + RLENGTH)
      if (token ~ /^[{[]/) depth++
      else if (token ~ /^[]}]/) depth--
      else if (depth == 2 && token ~ /^"[A-Za-z0-9][A-Za-z0-9_-]*"$/) print substr(token, 2, length(token) - 2)
    }
  }`;
