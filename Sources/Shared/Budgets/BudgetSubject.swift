/// Those whose spending a budget limits.
package struct BudgetSubject: Sendable, Hashable {
    /// Raw values are wire names.
    package enum Kind: String, Sendable, CaseIterable {
        case tenant, user
        /// Reserved for API tokens: no budget can be set for one, and none is looked for, until there are some.
        case token
    }

    package let kind: Kind
    package let tenant: String
    /// The user or the token within its tenant, and empty for a tenant.
    package let name: String

    init(_ kind: Kind, tenant: String, name: String) {
        (self.kind, self.tenant, self.name) = (kind, tenant, name)
    }

    package static func tenant(_ tenant: String) -> BudgetSubject { BudgetSubject(.tenant, tenant: tenant, name: "") }

    package static func user(_ user: String, of tenant: String) -> BudgetSubject {
        BudgetSubject(.user, tenant: tenant, name: user)
    }

    /// The subjects that a request belongs to, with the texts that its row in the ledger will have.
    static func of(tenant: String, user: String?) -> [BudgetSubject] {
        let tenant = tenant.clipped(toBytes: Bounds.tenant)
        guard let user, !user.isEmpty else { return [.tenant(tenant)] }
        return [.tenant(tenant), .user(user.clipped(toBytes: Bounds.user), of: tenant)]
    }
}
