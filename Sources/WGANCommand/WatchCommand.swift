// wgan watch

import ArgumentParser
import CommandSupport
import SystemSupport
import Watch

struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Show a run in the browser: where it is, its curves and its pictures.",
    discussion: """
      Reads the run's folder alone, while another process trains it, or afterwards. Training never waits for it. \
      Ctrl-C ends it. docs/Watch.md says what the page shows.
      """)

  @Argument(
    help: ArgumentHelp(
      "A run's folder, or a folder that has runs in it: then the newest (default: the newest here or in runs/).",
      valueName: "run"))
  var path: String?

  @Option(name: .customLong("run"), help: ArgumentHelp("The run, as a word of its own is.", valueName: "run"))
  var flagged: String?

  @Option(help: "The port of the page's address; 0: any that is free.")
  var port = WatchRequest.defaultPort

  @Option(help: "The address of this machine that is listened at; another than the default needs --token.")
  var host = WatchRequest.defaultHost

  @Option(
    help: ArgumentHelp(
      "A word that must be known to see the page: it's in the address that is printed; 'auto': one made here.",
      valueName: "word"))
  var token: String?

  @Flag(help: "Open the page in the browser.")
  var open = false

  func validate() throws {
    if path != nil && flagged != nil {
      throw ValidationError("a run is given by itself and as --run: give one of them")
    }
  }

  func run() throws {
    // A shell lets what it starts in the background ignore Ctrl-C: who sends it to this process means it all the same.
    signal(SIGINT, SIG_DFL)
    let token = token == "auto" ? WatchRequest.makeToken() : token
    let server = try WatchServer(WatchRequest(run: path ?? flagged, host: host, port: port, token: token))
    if let note = server.note { Console.note("wgan: \(note)") }
    Console.note("wgan: watching \(server.run), until Ctrl-C:")
    try Console.print(server.url)
    if open { Browser.open(server.url) }
    try server.wait()
  }
}
