/**
 * The choices for a new lab, as the lab form offers them.
 */
export interface ImageOption {
  name: string;
  /** The Docker reference, as `--image` takes it. */
  reference: string;
  /** Whether the form preselects it. */
  checked: boolean;
}

export interface SizeOption {
  /** As `--size` takes it. */
  name: string;
  /** CPUs; null if the form does not show them. */
  cpu: number | null;
  /** Memory in bytes; null if the form does not show it. */
  memory: number | null;
  default: boolean;
}

export interface Choices {
  images: ImageOption[];
  sizes: SizeOption[];
}
