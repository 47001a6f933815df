"""The mesh of Istio, before the policies of the network."""
