/**
 * Generates docs/spawn.svg, the picture in the README, from a real run: `lab spawn --demo` on a pseudo-terminal, whose
 * screen a terminal emulator captures in the middle and at the end. Run it with `npm run picture`.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { atTerminal, type Cell, type Terminal } from '../test/support/program.js';

const columns = 92;
const cell = { width: 8.43, height: 18 };
const margin = 14;
const colors = ['#6e7681', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#c9d1d9'];

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * One row as SVG: adjacent cells of one style become one text element, placed at their column. So does what follows two
 * spaces, so that columns stay columns in any font.
 */
function svgRow(cells: Cell[], y: number): string {
  const runs: { x: number; text: string; style: string }[] = [];
  for (const [x, { text, color, dim }] of cells.entries()) {
    const style = `fill="${colors[color ?? 7] ?? '#c9d1d9'}"${dim ? ' opacity="0.5"' : ''}`;
    const last = runs.at(-1);
    if (last?.style === style) last.text += text;
    else runs.push({ x, text, style });
  }
  return runs
    .flatMap(({ x, text, style }) =>
      [...text.matchAll(/\S+(?: \S+)*/g)].map((part) => ({ x: x + part.index, text: part[0], style })),
    )
    .map(
      ({ x, text, style }) =>
        `<text x="${(margin + x * cell.width).toFixed(1)}" y="${y}" ${style} xml:space="preserve" ` +
        `textLength="${(text.length * cell.width).toFixed(1)}">${escape(text)}</text>`,
    )
    .join('\n');
}

function panel(terminal: Terminal, top: number): { svg: string; height: number } {
  const rows = terminal.cells();
  const svg = [
    `<text x="${margin}" y="${top + 14}" fill="#3fb950" xml:space="preserve">$ <tspan fill="#c9d1d9">npx lab spawn --demo</tspan></text>`,
    ...rows.map((cells, i) => svgRow(cells, top + 14 + (i + 1) * cell.height)),
  ];
  return { svg: svg.filter((row) => row !== '').join('\n'), height: (rows.length + 1) * cell.height };
}

const terminal = atTerminal('lab spawn --demo', { columns, rows: 30 });
await terminal.seen(/Pulling image[^]*\n *67% █/);
const middle = panel(terminal, margin);
await terminal.finished;
const end = panel(terminal, margin + middle.height + 2 * margin);
const line = margin + middle.height + margin / 2;

const width = Math.ceil(columns * cell.width + 2 * margin);
const height = Math.ceil(middle.height + end.height + 4 * margin);
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="lab spawn at a terminal, in the middle and at the end">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${middle.svg}
<line x1="0" x2="${width}" y1="${line}" y2="${line}" stroke="#30363d"/>
${end.svg}
</g>
</svg>
`;
const file = fileURLToPath(new URL('../docs/spawn.svg', import.meta.url));
writeFileSync(file, svg);
console.log(`${file}: ${Math.round(svg.length / 1024)} KiB`);
