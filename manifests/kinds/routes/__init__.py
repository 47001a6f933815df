"""Ways into the cluster beside Ingress: routes of the Gateway API, OpenShift, Istio, Traefik, Contour and others."""
