/**
 * The lab form: the HTML page with a user's choices of images and sizes.
 *
 * Owns the page, byte for byte as captured. The tables belong to images.ts.
 */
import { images, shownReference, sizes, type Image, type Size } from './images.js';
import { gibibyte, type Quota } from '../labs/people.js';

/** The form for a user with this quota. A user who may not spawn gets a page that says so, also with status 200. */
export function labForm(quota: Quota | null): string {
  if (quota?.spawn === false) {
    return '<h2>Notebooks unavailable</h2>\n<p>Creating a new Nublado notebook is currently unavailable.</p>';
  }
  // An image that is already shown under an alias is not shown again.
  const cached = images.filter((image) => image.prepulled && image.aliases[0] !== 'recommended');
  const allowed = sizes.filter((size) => fits(size, quota));
  return [
    head,
    ...cached.map(radio),
    uncached,
    ...images.map(option),
    afterImages,
    ...allowed.map(sizeChoice),
    tail,
  ].join('');
}

export function fits(size: Size, quota: Quota | null): boolean {
  return quota === null || (size.cpu <= quota.cpu && size.memory <= quota.memory);
}

function radio(image: Image, index: number): string {
  const id = `image${index + 1}`;
  return `    <input type="radio" name="image_list" id="${id}" value="${shownReference(image)}"${checked(index)}>
    <label for="${id}">${image.name}</label><br />
`;
}

function option(image: Image): string {
  return `      <option value="${shownReference(image)}">${image.name}</option>\n`;
}

function sizeChoice({ name, cpu, memory }: Size, index: number): string {
  const title = name.slice(0, 1).toUpperCase() + name.slice(1);
  return `    <input type="radio" name="size" id="${name}" value="${name}"${checked(index)}>
    <label for="${name}">
      ${title} (${cpu.toFixed(1)} CPU, ${memory / gibibyte}Gi RAM)
    </label><br />
`;
}

function checked(index: number): string {
  return index === 0 ? ' checked' : '';
}

const head = `<script>
function selectDropdown() {
  document.getElementById('use_image_from_dropdown').checked = true;
}
</script>
<style>
  td {
    border: 1px solid black;
    padding: 2%;
    vertical-align: top;
  }
  .radio label,
  .checkbox label {
    padding-left: 0px;
  }
</style>
<table width="100%">
<tr>
  <th>Image</th>
  <th>Options</th>
</tr>
<tr>
<td width="50%">
  <div class="radio radio-inline">
`;

const uncached = `
    <input type="radio" name="image_list" id="use_image_from_dropdown" value="use_image_from_dropdown">
    <label for="use_image_from_dropdown">
      Select uncached image (slower start):
    </label><br />

    <select name="image_dropdown" onchange="selectDropdown()">
`;

const afterImages = `    </select>
  </div>
</td>
<td width="50%">
  <div class="radio radio-inline">
`;

const tail = `  </div>
  <br />
  <br />
  <div class="checkbox checkbox-inline">
    <label for="enable_debug">
      <input type="checkbox" id="enable_debug"
       name="enable_debug" value="true">
      Enable debug logs
    </label><br />
    <label for="reset_user_env">
      <input type="checkbox" id="reset_user_env"
       name="reset_user_env" value="true">
      Reset user environment: relocate .cache, .conda, .config, .eups,
      .jupyter, .local, and .user_setups
    </label><br />
  </div>
</td>
</tr>
</table>`;
