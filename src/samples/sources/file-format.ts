/** Formats of files that hold no text and no frames: known by their first bytes, and refused in words. */
import { RivuletError } from "../../errors/errors.ts";

const unpack = "unpack it, and name the file in it";
const decompress = "decompress it first";
const exportTable = "export its table as CSV";

/** What a file is, what to do, and its first bytes, each a character; a dot is any. */
const formats: readonly [name: string, advice: string, beginnings: readonly string[]][] = [
  ["a zip archive, as files of spreadsheets are", `${unpack}, or save the table as CSV`, ["PK\x03\x04"]],
  ["a 7z archive", unpack, ["7z\xbc\xaf\x27\x1c"]],
  ["a rar archive", unpack, ["Rar!\x1a\x07"]],
  ["compressed by bzip2", decompress, ["BZh.1AY&SY"]],
  ["compressed by xz", decompress, ["\xfd7zXZ\0"]],
  ["compressed by zstd", decompress, ["\x28\xb5\x2f\xfd"]],
  ["compressed by lz4", decompress, ["\x04\x22\x4d\x18"]],
  ["an old spreadsheet or document", "save the table as CSV", ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]],
  ["an SQLite database", exportTable, ["SQLite format 3\0"]],
  ["a Parquet file", exportTable, ["PAR1"]],
  ["an Arrow or Feather file", exportTable, ["ARROW1", "FEA1"]],
  ["an HDF5 file", exportTable, ["\x89HDF\r\n\x1a\n"]],
  ["a MATLAB file", "write its variables with writematrix or writetable", ["MATLAB 5.0", "MATLAB 7.3"]],
  ["a NumPy array", "write it with numpy.savetxt", ["\x93NUMPY"]],
  ["a TDMS file of LabVIEW", exportTable, ["TDSm"]],
  ["a recording in BDF", "convert its channels to CSV", ["\xffBIOSEMI"]],
  [
    "a sound file",
    "convert its samples to CSV",
    ["RIFF....WAVE", "fLaC", "OggS", "ID3\x02", "ID3\x03", "ID3\x04"],
  ],
  [
    "a capture of network packets",
    "export its packets as CSV",
    ["\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\n\r\r\n"],
  ],
  ["a PDF document", exportTable, ["%PDF-"]],
  ["an image", "give a file of numbers", ["\x89PNG\r\n", "\xff\xd8\xff", "GIF8"]],
];

/** Bytes of the beginning that are looked at: a text could begin as one of these formats, but holds no such bytes. */
const lookedAtBytes = 512;
const longestBeginning = 16;

/**
 * Refuses a file in a format that holds neither text nor frames, by its first bytes.
 * @throws RivuletError `data.unreadable`
 */
export function refuseForeignFormat(name: string, beginning: Uint8Array): void {
  const first = Buffer.from(beginning.subarray(0, longestBeginning)).toString("latin1");
  const begins = (text: string) => [...text].every((letter, at) => letter === "." || letter === first[at]);
  const start = beginning.subarray(0, lookedAtBytes);
  // A name in a header may be a mark of letters, and other names in it may hold letters beyond ASCII.
  const isNoText = (mark: string) => start.some(/^[\w. ]+$/.test(mark) ? isControl : isForeign);
  const found = formats.find(([, , marks]) => marks.some((mark) => begins(mark) && isNoText(mark)));
  if (found === undefined) return;
  const [format, advice] = found;
  throw new RivuletError(
    "data.unreadable",
    `${name} is ${format}, expected text or a device's frames; ${advice}`,
  );
}

/** Whether a text of ASCII holds no such byte. */
const isForeign = (byte: number) => byte > 0x7e || isControl(byte);
const isControl = (byte: number) => byte < 0x09 || (byte > 0x0d && byte < 0x1b);
