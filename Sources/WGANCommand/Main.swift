// Where the tool starts.

import CommandSupport
import SystemSupport

@main
enum Main {
  static func main() {
    // A reader that went away (`| head`) is an error of that write, not the end of a training run.
    signal(SIGPIPE, SIG_IGN)
    occupyStandardDescriptors()
    // Swift's own handler would print the stacks of all threads.
    signal(SIGQUIT) { _exit(128 + $0) }
    Tool(
      WGANCommand.self, named: "wgan", firstPages: ["wgan train": TrainCommand.firstPage],
      laterSections: [NetworkOptions.titleOfGenerators],
      otherNames: OtherPrograms.names, codeOfCancelled: { Interruption.exitCode }
    ).run()
  }

  /// Were one of them closed, the next file opened would take its number, and lines meant for the terminal would go
  /// there.
  private static func occupyStandardDescriptors() {
    for descriptor in 0...2 where fcntl(Int32(descriptor), F_GETFD) < 0 {
      // For the wrong direction: using it fails, as it would have.
      _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
