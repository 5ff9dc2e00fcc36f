import ArgumentParser
import Shared

/// Models or accounts: the differences between the commands over them.
protocol CatalogNoun: Sendable {
    static var kind: CatalogKind { get }
    static var columns: [String] { get }
    static var example: String { get }
}

enum ModelNoun: CatalogNoun {
    static let kind = CatalogKind.model
    static let columns = [
        "id", "provider", "model_id", "is_active", "priority", "weight", "input_price", "output_price", "currency",
    ]
    static let example =
        "submitter models add --set id=gpt-4o --set provider=openai --set input_price=2.5 --set 'aliases=[4o]'"
}

enum AccountNoun: CatalogNoun {
    static let kind = CatalogKind.account
    static let columns = [
        "id", "provider", "status", "has_key", "weight", "rpm", "tpm", "concurrency", "quota_limit", "status_reason",
    ]
    static let example =
        "submitter accounts add --set id=main --set provider=openai --set rpm=500 --api-key-env OPENAI_KEY"
}

extension CatalogNoun {
    static var name: String { kind.rawValue }
    static var plural: String { name + "s" }

    static func configuration(_ command: String, _ abstract: String, _ discussion: String = "") -> CommandConfiguration
    {
        CommandConfiguration(commandName: command, abstract: abstract, discussion: discussion)
    }
}
