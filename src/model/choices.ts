/**
 * What a user may choose when a lab is created, as the lab form offers it.
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
  /** CPUs; null where the form does not tell. */
  cpu: number | null;
  /** Memory in bytes; null where the form does not tell. */
  memory: number | null;
  default: boolean;
}

export interface Choices {
  images: ImageOption[];
  sizes: SizeOption[];
}
