/** Every code of a `RivuletError` and what it means. A code stays the same when its sentence is reworded. */
export const errorCodes = {
  usage: "The command line is wrong: an unknown command or option, or a value that an option does not take.",

  "config.unreadable": "The config file cannot be read.",
  "config.syntax": "The config is not YAML in UTF-8, or not a map of keys.",
  "config.unknown-key": "A map of the config has a key that does not exist.",
  "config.missing-key": "A map of the config lacks a key that it needs.",
  "config.bad-value":
    "A value of the config has the wrong type, is out of range or is not one of the choices.",
  "config.conflict": "Two values of the config contradict each other, or one has no effect without another.",
  "config.no-source": "The command needs a source to read from, and the config names none that fits.",

  "model.shape": "A layer or the target does not fit the shape of what it receives.",
  "model.loss": "The loss or its class weights do not fit the target or the last layer.",
  "model.frozen": "Every layer is frozen, or a name to freeze is not a parameter of the layer.",
  "model.schedule": "The learning rate schedule does not fit the number of updates.",
  "model.shards":
    "A layer needs the whole batch, or the order of its rows, and so cannot be trained in shards.",
  "memory.budget": "The plan needs more bytes than the budget allows.",
  "memory.unavailable": "The memory cannot be allocated.",
  "argument.bad-value": "An argument of a library function is out of range or does not fit the others.",
  "network.rows": "A network received a number of rows or values that it is not planned for.",
  "network.not-planned": "The plan of the network lacks what the call needs, such as training or gradients.",
  "network.worker-died": "A worker thread of the network died; restore it from the last checkpoint.",
  "state.mismatch":
    "A saved state does not fit the network, the features or the learner that it is restored into.",

  "data.unreadable": "A data file cannot be read.",
  "data.empty": "A data file has no rows to use.",
  "data.bad-header": "A CSV file lacks a header line, or the line is not a list of different names.",
  "data.bad-row":
    "A row of a data file is damaged: a wrong number of columns, or a cell that is not a number.",
  "data.bad-label": "A label of a data file is not one of the classes.",
  "data.missing-column": "A data file lacks a column that is needed.",
  "data.too-large": "A data file has more rows than the command can hold.",
  "recording.damaged": "The file is not a recording, or its header is damaged.",
  "recording.newer-version": "The recording was written by a newer version of Rivulet.",
  "recording.lost": "The recording was deleted while it was written.",
  "recording.too-large": "The names of the fields do not fit into the header of a recording.",
  "sample.bad-value": "A value does not fit the type of its field, so it cannot be sent.",
  "label.malformed": "A label that came late is not of the form that is read, or no label of the target.",
  "label.paused": "A label came while learning is paused.",
  "label.not-kept": "The config keeps no samples for labels that come late, or its daemon cannot be reached.",
  "sample.unrecognized": "The bytes match no known format.",

  "file.exists": "The file exists already and is not replaced.",
  "file.unsuitable": "The path is a folder, a pipe or a device, expected a regular file.",
  "disk.full": "The disk or the disk quota is full.",
  "disk.forbidden": "The file system is read-only, or the user has no permission.",
  "disk.failed": "A file operation failed for another reason.",

  "checkpoint.unreadable": "The checkpoint file cannot be read.",
  "checkpoint.truncated": "The checkpoint file is cut short.",
  "checkpoint.damaged": "The file is not a checkpoint, or its digest does not match its content.",
  "checkpoint.malformed": "The checkpoint file is complete, but its content violates the format.",
  "checkpoint.newer-version": "The checkpoint was written by a newer version of Rivulet.",
  "checkpoint.mismatch": "The checkpoint was saved with a different configuration.",
  "checkpoint.missing": "The folder has no valid checkpoint.",
  "checkpoint.in-use": "Another process uses the checkpoint folder.",
  "checkpoint.not-saved":
    "The checkpoint was not saved: the store is closed, or still saves the previous one.",

  "port.missing": "The serial port does not exist.",
  "port.different": "The serial port belongs to a different device than before.",
  "port.ambiguous": "Several serial ports match the description.",
  "port.forbidden": "The user may not open the serial port.",
  "port.busy": "Another program uses the serial port.",
  "port.unsuitable": "The path is not a serial port, or the port does not support the settings.",
  "port.failing": "The serial port cannot be opened or read for another reason.",
  "port.silent": "The serial port is open but sends nothing.",
  "input.failed": "Standard input cannot be read.",

  "status.token":
    "The token of the status page cannot be read or made, or others than its owner can read it.",
  "sync.unreachable": "The host cannot be reached, or its answer does not arrive.",
  "sync.refused": "The host refuses the key or the request.",
  "sync.credentials": "The key for the host is missing, readable by others, or malformed.",
  "sync.certificate": "The certificate of the host is not the pinned one, or not valid by this clock.",
  "sync.bad-answer": "The host answered with something that its protocol does not allow.",
  "sync.no-config": "The config has no key sync.",
  "sync.restore": "The folder is not empty, or the host has no checkpoint that can be restored.",
  "host.bad-folder": "The folder is not one of a host, or cannot be used as one.",
  "host.listen": "The address to listen at is not valid, or cannot be used.",

  "gpio.unavailable": "GPIO cannot be used: neither the package onoff nor the tools of gpiod work.",
  "gpio.no-chip": "There is no such GPIO chip.",
  "gpio.no-pin": "The GPIO chip has no such pin.",
  "gpio.failed": "A GPIO pin cannot be opened, read or written.",
  "package.missing": "A package is not installed, or has no build for this machine.",
  "profile.invalid": "A board profile cannot be read or is not valid.",
  "install.forbidden": "The service cannot be installed by this user.",
  "install.bad-name": "The name of the config cannot be the name of a service.",
  "firmware.invalid": "The firmware file cannot be read or is not a program for the emulated board.",
  "emulator.failed": "An emulated board or machine, or its pseudo-terminal, cannot be started.",
  "demo.failed": "The demo ended without a result.",
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof errorCodes;
