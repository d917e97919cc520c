import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { Request } from 'express'

const ROLES = 'roles'

/** Who may call a method. */
export const Roles = (...roles: string[]) => SetMetadata(ROLES, roles)

@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.get<string[] | undefined>(ROLES, context.getHandler())
    if (roles === undefined) return true
    // Stands for the role that a session would have.
    const role = context.switchToHttp().getRequest<Request>().header('x-role')
    return role !== undefined && roles.includes(role)
  }
}
