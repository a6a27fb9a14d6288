import ArgumentParser

@main
struct WGANCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wgan", abstract: "Train, sample and inspect Wasserstein GANs on the CPU.",
    subcommands: [DataCommand.self])
}
